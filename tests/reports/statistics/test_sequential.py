"""The plan of the looks: by hand, and that together they spend alpha and hardly waste any."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reports.statistics import FIRST_LOOK, LAST_WEIGHT, looks


def test_looks_by_hand() -> None:
    assert looks(4) == ((3, pytest.approx(0.2)), (4, 0.8))
    assert looks(5) == ((3, pytest.approx(0.1)), (4, pytest.approx(0.1)), (5, 0.8))
    assert [look.n_seeds for look in looks(10)] == [3, 4, 5, 6, 7, 8, 9, 10]
    assert looks(10)[2].weight == pytest.approx(1 / 35)


@pytest.mark.parametrize("n_seeds", [1, 2, 3])
def test_few_seeds_are_looked_at_once_in_the_ordinary_way(n_seeds: int) -> None:
    assert looks(n_seeds) == ((n_seeds, 1.0),)


@pytest.mark.parametrize("n_seeds", [1, 2, 3, 4, 5, 7, 10, 30])
def test_no_look_spends_what_another_has_spent(n_seeds: int) -> None:
    plan = looks(n_seeds)
    assert sum(look.weight for look in plan) == pytest.approx(1, abs=1e-12)
    assert all(0 < look.weight <= plan[-1].weight for look in plan)
    assert plan[-1].n_seeds == n_seeds
    assert n_seeds <= FIRST_LOOK or plan[-1].weight == LAST_WEIGHT


@pytest.mark.parametrize("n_seeds", [4, 10])
def test_exact_tests_of_independent_seeds_spend_nearly_all_of_alpha(n_seeds: int) -> None:
    """Where looks depend on each other the least: nothing but the seeds' own luck."""
    seeds = np.random.default_rng(8).normal(size=(40_000, n_seeds))
    p_values = [
        stats.ttest_1samp(seeds[:, : look.n_seeds], 0, axis=1).pvalue / look.weight
        for look in looks(n_seeds)
    ]
    assert 0.042 <= np.mean(np.min(p_values, axis=0) <= 0.05) <= 0.05


def test_no_seeds_cannot_be_planned() -> None:
    with pytest.raises(ValueError, match="got 0, need at least 1"):
        looks(0)
