from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from reports.statistics import (
    assumed_variances,
    detectable_effect,
    minimum_detectable_effect,
    needed_size,
    paired_difference,
)


def test_one_level_agrees_with_the_paired_t_test() -> None:
    """With single items as clusters it is the t-test's; statsmodels uses the noncentral t."""
    ours = minimum_detectable_effect(1, [1] * 50, item_sd=10, cluster_sd=0)
    exact = 10 * TTestPower().solve_power(nobs=50, alpha=0.05, power=0.8)
    assert ours == pytest.approx(exact, rel=0.01)


def test_more_of_anything_finds_smaller_effects() -> None:
    sizes = [20] * 25
    base = minimum_detectable_effect(3, sizes)
    assert minimum_detectable_effect(6, sizes) < base
    assert minimum_detectable_effect(3, [20] * 50) < base
    assert minimum_detectable_effect(3, [40] * 25) < base
    assert minimum_detectable_effect(3, sizes, power=0.9) > base
    assert minimum_detectable_effect(3, [461, 1, 1, *[2] * 17, 3]) > base


def test_more_items_come_in_clusters_like_those_at_hand() -> None:
    sizes = [461, 1, 1, *[2] * 17, 3]
    twice = detectable_effect(assumed_variances(sizes), 3, 2 * sum(sizes))
    assert twice == pytest.approx(minimum_detectable_effect(3, sizes * 2))


def test_one_cluster_is_unknown_and_nonsense_refused() -> None:
    assert math.isnan(minimum_detectable_effect(3, [500]))
    for arguments in ({"n_seeds": 0}, {"item_sd": -1}, {"level": 95}):
        with pytest.raises(ValueError, match="need"):
            minimum_detectable_effect(**({"n_seeds": 3, "cluster_sizes": [5, 5]} | arguments))


def measured(effect: float, seed_sd: float, article_sd: float, n_seeds: int = 4):
    rng = np.random.default_rng(2)
    article = np.repeat(np.arange(20), 10)
    d = effect + rng.normal(0, 20, (n_seeds, 200)) + rng.normal(0, seed_sd, (n_seeds, 1))
    return paired_difference(d + rng.normal(0, article_sd, 20)[article], article)


def test_needs_what_the_variance_comes_from() -> None:
    from_seeds = needed_size(measured(2, 6, 0), 2.0)
    assert from_seeds.seeds is not None
    assert from_seeds.items is None
    from_articles = needed_size(measured(2, 0, 12), 2.0)
    assert from_articles.seeds is None
    assert from_articles.items is not None


def test_planned_size_is_enough_and_one_less_is_not() -> None:
    result = measured(2, 6, 0)
    more = needed_size(result, 2.0).seeds
    assert more is not None
    parts = result.components

    def detectable(n_seeds: int) -> float:
        cell = parts.cell * 4 / n_seeds
        cluster = max(parts.cluster - parts.cell, 0) + cell
        seed = (parts.seed - parts.cell) * 4 / n_seeds + cell
        seed = min(seed, 5 * (seed - cell * n_seeds / (n_seeds + 1)))
        t_g, t_s = stats.t(19), stats.t(n_seeds - 1)
        t = [t_g.ppf(q) * cluster + t_s.ppf(q) * seed for q in (0.975, 0.8)]
        return sum(t) / math.sqrt(cluster + seed)

    assert detectable(4 + more) <= 2.0 < detectable(4 + more - 1)


def test_no_size_decides_about_nothing() -> None:
    assert needed_size(measured(2, 1, 1), 0.0) == (None, None)
    zero = paired_difference(np.zeros((2, 4)), [0, 0, 1, 1])
    assert needed_size(zero, 3.0) == (None, None)
    assert needed_size(measured(2, 1, 1), 1e-6) == (None, None)


def test_hundreds_of_seeds_are_no_practical_answer() -> None:
    result = measured(2, 6, 0)
    counts = [needed_size(result, effect).seeds for effect in np.geomspace(3.0, 0.1, 30)]
    answered = [count for count in counts if count is not None]
    assert 50 < max(answered) <= 100
    assert counts[-1] is None
