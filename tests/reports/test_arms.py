from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests

from reports.arms import arm_means, best_arm
from reports.scores import ScoreTable
from reports.statistics import paired_difference

Floats = NDArray[np.float64]
MakeTable = Callable[..., ScoreTable]


@pytest.fixture
def make_table() -> MakeTable:
    """A table of EM scores, shape (n_arms, n_seeds, n_items); items in pairs under a title."""

    def make(scores: Floats, *, nested: bool = True) -> ScoreTable:
        n_arms, n_seeds, n_items = scores.shape
        titles = np.array([[f"t{i // 2}"] for i in range(n_items)])
        return ScoreTable(
            tuple("abcdef"[:n_arms]),
            tuple(range(n_seeds)),
            tuple(f"q{i}" for i in range(n_items)),
            ("title",) if nested else (),
            titles if nested else titles[:, :0],
            {"em": scores},
        )

    return make


def test_interval_of_one_seed_is_the_t_interval_of_its_items(make_table: MakeTable) -> None:
    scores = np.random.default_rng(3).uniform(20, 80, (1, 1, 40))
    (row,) = arm_means(make_table(scores, nested=False), "em", level=0.9)
    known = stats.ttest_1samp(scores[0, 0], 0).confidence_interval(0.9)
    assert row.mean == pytest.approx(scores.mean())
    assert (row.ci_low, row.ci_high) == pytest.approx((known.low, known.high))
    assert (row.n_seeds, row.scope, row.reason) == (1, "checkpoints", None)


def test_interval_of_several_seeds_is_that_of_clusters_and_seeds(make_table: MakeTable) -> None:
    rng = np.random.default_rng(4)
    scores = rng.uniform(20, 80, (2, 4, 30)) + rng.normal(0, 3, (2, 4, 1))
    scores[1, 2] = np.nan
    table = make_table(scores)
    first, second = arm_means(table, "em")
    expected = paired_difference(scores[0], table.outermost)
    assert (first.ci_low, first.ci_high) == (expected.ci_low, expected.ci_high)
    assert (first.mean, first.scope) == (expected.estimate, "recipe")
    assert second.n_seeds == 3
    assert second.mean == pytest.approx(scores[1, [0, 1, 3]].mean())


def test_no_interval_leaves_the_scale_and_unknown_has_a_reason(make_table: MakeTable) -> None:
    scores = np.zeros((3, 2, 20))
    scores[0, 0, 0] = 100.0
    scores[2] = np.nan
    low, flat, missing = arm_means(make_table(scores), "em")
    assert (low.mean, low.ci_low) == (2.5, 0.0)
    assert low.ci_high > 2.5
    assert (flat.mean, flat.reason) == (0.0, "every cluster and seed has the same score")
    assert math.isnan(flat.ci_low)
    assert missing.reason == "no finished run"
    assert math.isnan(missing.mean)


def three(gap: float) -> Floats:
    """Arms whose items differ by a gap, and by little luck of the item."""
    rng = np.random.default_rng(5)
    items = rng.uniform(20, 70, (1, 1, 40))
    return items + rng.normal(0, 4, (3, 1, 40)) + np.array([0, gap, -4.0]).reshape(3, 1, 1)


def test_best_arm_needs_every_lead(make_table: MakeTable) -> None:
    far = three(5.0)
    best = best_arm(make_table(far, nested=False), "em", 0.05)
    assert best is not None
    assert (best.arm, best.supported) == ("b", True)
    p_values = [stats.ttest_rel(far[1, 0], far[other, 0]).pvalue for other in (0, 2)]
    expected = multipletests(p_values, method="holm")[1]
    assert [lead.other for lead in best.leads] == ["a", "c"]
    assert [lead.p_adjusted for lead in best.leads] == pytest.approx(expected, rel=1e-4, abs=0)
    assert best.leads[0].estimate == pytest.approx((far[1] - far[0]).mean())
    near = best_arm(make_table(three(0.3), nested=False), "em", 0.05)
    assert near is not None
    assert not near.supported, "only one of the others is clearly lower"
    assert min(lead.p_adjusted for lead in near.leads) < 1e-3


def test_a_look_spends_its_share_of_alpha(make_table: MakeTable) -> None:
    table = make_table(three(5.0), nested=False)
    whole, part = best_arm(table, "em", 0.05), best_arm(table, "em", 0.05, weight=0.25)
    assert whole is not None
    assert part is not None
    assert part.leads[0].p_adjusted == pytest.approx(4 * whole.leads[0].p_adjusted)
    assert not best_arm(table, "em", whole.leads[0].p_adjusted / 2).supported  # type: ignore[union-attr]


def test_an_arm_that_has_no_run_leaves_the_best_open(make_table: MakeTable) -> None:
    scores = three(5.0)
    scores[0] = np.nan
    best = best_arm(make_table(scores), "em", 0.05)
    assert best is not None
    assert (best.arm, best.supported) == ("b", False)
    scores[:] = np.nan
    assert best_arm(make_table(scores), "em", 0.05) is None
    assert best_arm(make_table(three(5.0)[:1]), "em", 0.05) is None


def test_a_lead_on_other_seeds_is_not_one_on_common_seeds(make_table: MakeTable) -> None:
    rng = np.random.default_rng(6)
    scores = np.repeat(rng.uniform(20, 60, (1, 1, 40)), 3, axis=1).repeat(2, axis=0)
    scores += rng.normal(0, 0.5, scores.shape)
    scores[0, 0] += 30.0
    scores[1] += 3.0
    scores[1, 0] = np.nan
    best = best_arm(make_table(scores), "em", 0.05)
    assert best is not None
    assert best.arm == "a"
    assert best.leads[0].estimate < -2
    assert best.leads[0].p_adjusted < 0.05
    assert not best.supported
