"""The sign-flip test against scipy's permutation test, by hand, and under a true null."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from reports.statistics.sign_flip import MOST_EXACT, sign_flip


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("null_value", [0.0, 1.5])
def test_without_clusters_it_is_scipys_permutation_of_samples(null_value: float) -> None:
    values = rng().normal(0.6, 1, 9)
    expected = stats.permutation_test(
        (values - null_value,), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    found = sign_flip(values, np.arange(9), rng=rng(), null_value=null_value)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert (found.exact, found.n_flips) == (True, 2**9)


def test_clusters_are_flipped_as_a_whole() -> None:
    sums = [4.0, 3.0, -1.0]
    values = [1.0, 3.0, 3.0, -2.0, 1.0]
    flipped = [
        abs(sum(s * v for s, v in zip(signs, sums, strict=True)))
        for signs in itertools.product((-1, 1), repeat=3)
    ]
    expected = sum(one >= 6.0 for one in flipped) / 8
    found = sign_flip(values, ["a", "a", "b", "c", "c"], rng=rng())
    assert found.p_value == pytest.approx(expected) == pytest.approx(0.5)


def test_many_clusters_are_sampled_and_agree_with_all_assignments() -> None:
    values = rng(3).normal(0.5, 1, MOST_EXACT + 1)
    clusters = np.arange(len(values))
    expected = stats.permutation_test(
        (values,), np.mean, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    found = sign_flip(values, clusters, rng=rng(), n_resamples=20_000)
    assert not found.exact
    assert found.n_flips == 20_000
    assert found.p_value == pytest.approx(expected, abs=4 * np.sqrt(expected / 20_000))
    assert found == sign_flip(values, clusters, rng=rng(), n_resamples=20_000)


def test_the_smallest_p_value_is_never_zero() -> None:
    found = sign_flip(np.full(40, 5.0), np.arange(40), rng=rng(), n_resamples=99)
    assert found.p_value == pytest.approx(1 / 100)


def test_unscored_items_are_left_out_and_no_items_are_unknown() -> None:
    with_gap = sign_flip([1.0, np.nan, 2.0, -0.5], [0, 1, 2, 3], rng=rng())
    assert with_gap == sign_flip([1.0, 2.0, -0.5], [0, 2, 3], rng=rng())
    assert np.isnan(sign_flip([np.nan], [0], rng=rng()).p_value)
    with pytest.raises(ValueError, match="need \\(n_items,\\)"):
        sign_flip([[1.0]], [0], rng=rng())


def test_a_true_null_is_rejected_in_a_twentieth_of_cases() -> None:
    """Ten unequal clusters whose items are alike: what a test by item would reject far more."""
    draws, clusters = rng(7), np.repeat(np.arange(10), np.arange(2, 12))
    rejected = 0
    for _ in range(1_000):
        values = draws.normal(0, 1, 10)[clusters] + draws.normal(0, 1, len(clusters))
        rejected += sign_flip(values, clusters, rng=draws).p_value <= 0.05
    assert 0.03 <= rejected / 1_000 <= 0.07
