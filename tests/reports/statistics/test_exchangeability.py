"""The comparison of orders against scipy's t-test, and its size under the null."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reports.statistics.exchangeability import order_exchangeability


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("shift", [-2.0, 0.0, 1.0, 4.0])
def test_it_is_scipys_one_sided_t_test_over_shards(shift: float) -> None:
    values = rng().normal(-800, 3, (11, 7))
    values[:, 0] += shift
    differences = values[:, 0] - values[:, 1:].mean(axis=1)
    expected = stats.ttest_1samp(differences, 0, alternative="greater")
    found = order_exchangeability(values)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.difference == pytest.approx(differences.mean())
    assert found[3:] == (11, 6, "")


def test_p_is_uniform_if_the_published_order_is_one_like_the_others() -> None:
    """Shards differ far more from each other than orders do: what an unpaired test would mix."""
    draws = rng(5)
    p = [
        order_exchangeability(draws.normal(0, 300, (12, 1)) + draws.normal(0, 4, (12, 5))).p_value
        for _ in range(1_000)
    ]
    assert stats.kstest(p, "uniform").pvalue > 0.01
    assert 0.03 <= np.mean(np.array(p) <= 0.05) <= 0.07


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.empty((0, 3)), "0 of the 2"),
        ([[-5.0, -6.0, -7.0]], "1 of the 2"),
        ([[-5.1, -6.3], [-7.1, -8.3], [-1e3, -1e3 - 1.2]], "same in every shard"),
        (np.zeros((4, 3)), "same in every shard"),
        ([[-5.0, -6.0], [-5.0, np.nan], [-np.inf, -4.0]], "2 of 3 shards"),
    ],
)
def test_what_cannot_be_known_is_nan_with_a_reason(values: object, reason: str) -> None:
    found = order_exchangeability(values)
    assert np.isnan(found.p_value)
    assert np.isnan(found.statistic)
    assert reason in found.reason


@pytest.mark.parametrize("shape", [(5,), (5, 1), (2, 2, 2)])
def test_wrong_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="1 \\+ n_permutations"):
        order_exchangeability(np.zeros(shape))
