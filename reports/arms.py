"""Each arm by itself: its mean score with an interval, and whether one arm is the best.

Joins the score table with the formulas of `reports.statistics`; declared hypotheses and their
verdicts are `reports.family`'s business.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from harness.experiment import Contrast
from harness.metrics import METRICS, sign_of
from reports.measurement import measure
from reports.scores import ScoreTable
from reports.statistics import Scope, holm, paired_difference

__all__ = ["ArmMean", "Best", "Lead", "arm_means", "best_arm"]

NAN = float("nan")


class ArmMean(NamedTuple):
    """Mean score of an arm over items and its seeds, in points; NaN is unknown.

    Attributes
    ----------
    arm : str
    mean, ci_low, ci_high : float
        The interval is cut off at 0 and at the metric's highest value (100 for most).
    n_seeds : int
        Seeds that have a run of this arm.
    scope : {"recipe", "checkpoints"}
        Whether the interval also covers training again with new seeds.
    reason : str or None
        Why something is unknown.
    """

    arm: str
    mean: float
    ci_low: float
    ci_high: float
    n_seeds: int
    scope: Scope
    reason: str | None


class Lead(NamedTuple):
    """How far the arm with the best mean is ahead of another one, in points.

    Attributes
    ----------
    other : str
    estimate : float
        On the seeds that have runs of both; positive where it is better, also of error rates.
    p_adjusted : float
        Two-sided, adjusted by Holm over all the others.
    """

    other: str
    estimate: float
    p_adjusted: float


class Best(NamedTuple):
    """The arm with the best mean, and whether it is more than luck.

    Attributes
    ----------
    arm : str
    leads : tuple of Lead
        One for each other arm.
    supported : bool
        Every lead is positive and significant.
    """

    arm: str
    leads: tuple[Lead, ...]
    supported: bool


def arm_means(table: ScoreTable, metric: str, level: float = 0.95) -> tuple[ArmMean, ...]:
    """Mean score of each arm with an interval over outermost clusters and seeds.

    Parameters
    ----------
    table : ScoreTable
    metric : str
    level : float
        Confidence level of the intervals.

    Returns
    -------
    tuple of ArmMean, length n_arms
        In the table's order. Of the recipe for arms with two or more seeds, else of the
        checkpoint.

    Notes
    -----
    `reports.statistics.paired_difference` of an arm's scores from nothing. Arms answer the same
    items, so their intervals may overlap although the difference between them is clear.
    """
    scores, present = table.contributions(metric), table.present()
    rows = []
    for place, arm in enumerate(table.arms):
        own = scores[place][present[place]]
        n_seeds = len(own)
        scope: Scope = "recipe" if n_seeds > 1 else "checkpoints"
        if not n_seeds:
            rows.append(ArmMean(arm, NAN, NAN, NAN, 0, scope, "no finished run"))
            continue
        result = paired_difference(own, table.outermost, scope=scope, level=level)
        same = result.se == 0
        reason = "every cluster and seed has the same score" if same else result.reason
        ends = [result.ci_low, result.ci_high]
        low, high = np.clip(ends, 0.0, METRICS[metric].highest)  # NaN stays
        rows.append(ArmMean(arm, result.estimate, float(low), float(high), n_seeds, scope, reason))
    return tuple(rows)


def best_arm(table: ScoreTable, metric: str, alpha: float, weight: float = 1.0) -> Best | None:
    """The arm with the best mean (the lowest, of error rates), and whether it beats the others.

    Parameters
    ----------
    table : ScoreTable
    metric : str
    alpha : float
        Two-sided error rate.
    weight : float
        Share of alpha that is spent at this look, see `reports.statistics.looks`.

    Returns
    -------
    Best or None
        None with fewer than two arms, or without any score.

    Notes
    -----
    Supported only if each paired difference from another arm is positive with a p-value of at most
    alpha, adjusted by Holm over these pairs. An arm that cannot be compared leaves it unsupported.
    """
    means = {row.arm: row.mean for row in arm_means(table, metric) if not math.isnan(row.mean)}
    if len(table.arms) < 2 or not means:
        return None
    sign = sign_of(metric)
    best = max(means, key=lambda arm: sign * means[arm])
    others = [arm for arm in table.arms if arm != best]
    results = [measure(_ahead(best, other), metric, table).result for other in others]
    adjusted = np.minimum(holm([r.p_value for r in results]) / weight, 1.0)
    leads = tuple(
        Lead(other, sign * result.estimate, float(p))
        for other, result, p in zip(others, results, adjusted, strict=True)
    )
    return Best(best, leads, all(one.estimate > 0 and one.p_adjusted <= alpha for one in leads))


def _ahead(best: str, other: str) -> Contrast:
    weights = {best: 1.0, other: -1.0}
    return Contrast(f"{best} vs {other}", "main", (), ((best, other),), weights, (best,))
