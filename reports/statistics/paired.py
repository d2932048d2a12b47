"""Interval and p-value of a mean paired difference over clustered items and training seeds.

Arrays in, a frozen result out. It knows nothing of arms, metrics or claims, and draws no random
numbers: the method is analytic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtridf

from reports.statistics.variance import (
    Floats,
    Parts,
    Spread,
    half_width,
    p_value,
    spread,
    variance_parts,
)

__all__ = [
    "METHODS",
    "Components",
    "PairedDifference",
    "Scope",
    "paired_difference",
    "test_against",
]

Scope: TypeAlias = Literal["recipe", "checkpoints"]

METHODS: dict[Scope, str] = {
    "recipe": "two-way cluster-robust t (outermost clusters and seeds, each with its own df)",
    "checkpoints": "cluster-robust t (outermost clusters, effective df)",
}
"""What each scope's interval is computed with, in words for a report."""

NAN = float("nan")


class Components(NamedTuple):
    """Parts of the variance of the mean difference, in squared units of the differences.

    Attributes
    ----------
    cluster : float
        V_g, between outermost clusters, of the differences averaged over seeds.
    seed : float
        V_s, between the seeds' mean differences; NaN with fewer than two seeds.
    cell : float
        V_c, of what is left in seed x cluster when both means are taken out; V_g and V_s each
        contain it once, so it is taken off once. NaN with fewer than two seeds.
    df_cluster : float
        Degrees of freedom of `cluster`; n_clusters - 1 when clusters have equal sizes.
    """

    cluster: float
    seed: float
    cell: float
    df_cluster: float


@dataclass(frozen=True)
class PairedDifference:
    """A mean difference and how well it is known; unknown numbers are NaN and have a `reason`.

    Attributes
    ----------
    estimate, se, ci_low, ci_high : float
        In the units of the differences (points, 0-100).
    df : float
        Degrees of freedom of the t distribution that would give the same interval at `level`.
    p_value : float
        Two-sided, against a difference of zero.
    level : float
        Confidence level of the interval.
    scope : {"recipe", "checkpoints"}
        What the interval generalises over, see `paired_difference`.
    method : str
        What it was computed with, in words.
    reason : str or None
        Why something is unknown.
    n_items, n_clusters, n_seeds : int
        What the estimate rests on.
    n_unscored : int
        Items left out because a seed has no score for them.
    components : Components
        Estimated parts of the variance.
    """

    estimate: float
    se: float
    df: float
    ci_low: float
    ci_high: float
    p_value: float
    level: float
    scope: Scope
    method: str
    reason: str | None
    n_items: int
    n_clusters: int
    n_seeds: int
    n_unscored: int
    components: Components


def paired_difference(
    differences: ArrayLike,
    clusters: ArrayLike,
    *,
    scope: Scope = "recipe",
    level: float = 0.95,
    rng: np.random.Generator | None = None,
) -> PairedDifference:
    """Mean paired difference over items, with an interval that respects clusters and seeds.

    Parameters
    ----------
    differences : array_like, shape (n_seeds, n_items)
        Treatment minus control per training seed and item. NaN is unscored: such an item is left
        out in all seeds.
    clusters : array_like, shape (n_items,) or (n_items, n_levels)
        What each item is nested in, outermost first. Only the outermost level enters: allowing
        for any dependence within it covers the levels inside.
    scope : {"recipe", "checkpoints"}
        `recipe`: new clusters and new training seeds would differ. `checkpoints`: new clusters,
        but these trained models; the only scope there is with one seed.
    level : float
        Confidence level of the interval.
    rng : numpy.random.Generator, optional
        Left untouched, since both methods are analytic; it stands in the call so that one that
        draws (docs/decisions/0006 tried some) could take their place.

    Returns
    -------
    PairedDifference

    Raises
    ------
    ValueError
        The shapes do not fit together, a difference is infinite, or `level` is not in (0, 1).

    Notes
    -----
    The estimate is the mean over items of the mean over seeds. Its variance is

        V = V_g + V_x          (recipe)               V = V_g          (checkpoints)

    with V_g and V_s the cluster-robust variances over clusters and over seeds as in Cameron,
    Gelbach & Miller (2011), and V_x what V_s has in excess of V_c, the part of seed x cluster that
    both contain (`variance.spread` says how). V_c comes from doubly centred residuals; the usual
    one also contains a share 1/S of the cluster variance, which takes off too much with few seeds.
    V_g carries the correction G / (G - 1), V_s S / (S - 1), V_c both.

    Half the interval is sqrt(V) times the mean of two quantiles of the t distribution, weighted by
    V_g and V_x (`variance.half_width`): that of the seeds has S - 1 degrees of freedom, that of the
    clusters effective ones that allow for unequal sizes (`variance.effective_df`). It takes the
    place of Satterthwaite's degrees of freedom, which are too many with few seeds. The p-value is
    the alpha at which the interval touches zero.

    Rates of false alarms, simulated: docs/calibration.md. What else was tried: docs/decisions/0006.

    References
    ----------
    Cameron, Gelbach & Miller 2011, "Robust Inference with Multiway Clustering".
    Cochran & Cox 1957, "Experimental Designs", chapter 4.
    Bell & McCaffrey 2002, "Bias Reduction in Standard Errors for Linear Regression with
    Multi-Stage Samples".
    Carter, Schnepel & Steigerwald 2017, "Asymptotic Behavior of a t-Test Robust to Cluster
    Heterogeneity".
    Miller 2024, "Adding Error Bars to Evals", arXiv 2411.00640.
    """
    values, labels = _checked(differences, clusters, level)
    scored = ~np.isnan(values).any(axis=0)
    n_seeds = len(values)
    codes = np.unique(labels[scored], return_inverse=True)[1]
    sizes = np.bincount(codes).astype(float)
    kept = values[:, scored]
    sums = np.array([np.bincount(codes, row, len(sizes)) for row in kept], dtype=float)
    estimate = float(kept.mean()) if kept.size else NAN
    components = _components(sums, sizes)
    reason = _reason(kept, len(sizes), scope)
    variance = _spread(components, n_seeds, scope)
    se = NAN if reason else float(np.sqrt(variance.cluster + variance.seed))
    scale = float(np.abs(kept).max(initial=0.0))
    if not reason and se <= 1e-12 * scale:
        reason = _no_spread(estimate, scale)
        se = 0.0
    half = NAN if reason else float(half_width(variance, 1 - level))
    p = NAN if reason else p_value(variance, estimate)
    return PairedDifference(
        estimate=estimate,
        se=se,
        df=NAN if reason else float(stdtridf((1 + level) / 2, half / se)),
        ci_low=estimate - half,
        ci_high=estimate + half,
        p_value=1.0 if scale == 0 and kept.size and se == 0 else p,
        level=level,
        scope=scope,
        method=METHODS[scope],
        reason=reason,
        n_items=int(scored.sum()),
        n_clusters=len(sizes),
        n_seeds=n_seeds,
        n_unscored=int((~scored).sum()),
        components=components,
    )


def test_against(result: PairedDifference, null_value: float) -> float:
    """Two-sided p-value of a result against another difference than zero.

    Parameters
    ----------
    result : PairedDifference
    null_value : float
        The difference under the null hypothesis, in points (such as minus the margin).

    Returns
    -------
    float
        In [0, 1]; at most 1 - level exactly when the interval leaves `null_value` out. NaN where
        the result has no standard error to judge by.
    """
    if null_value == 0:
        return result.p_value
    if not result.se > 0:
        return NAN
    variance = _spread(result.components, result.n_seeds, result.scope)
    return p_value(variance, result.estimate - null_value)


test_against.__test__ = False  # type: ignore[attr-defined]  # the name is no test for pytest


def _checked(
    differences: ArrayLike, clusters: ArrayLike, level: float
) -> tuple[Floats, NDArray[Any]]:
    values = np.asarray(differences, dtype=float)
    labels = np.asarray(clusters)
    if values.ndim != 2 or len(values) == 0:
        raise ValueError(f"differences: got shape {values.shape}, need (n_seeds, n_items)")
    if labels.ndim == 2 and labels.shape[1] > 0:
        labels = labels[:, 0]
    if labels.shape != values.shape[1:]:
        raise ValueError(
            f"clusters: got shape {labels.shape}, need one label for each of the "
            f"{values.shape[1]} items"
        )
    if np.isinf(values).any():
        raise ValueError("differences: got an infinite value; NaN is how to mark an unscored item")
    if not 0 < level < 1:
        raise ValueError(f"level: got {level}, need a number between 0 and 1, such as 0.95")
    return values, labels


def _components(sums: Floats, sizes: Floats) -> Components:
    parts = variance_parts(sums, sizes)
    return Components(float(parts.cluster), float(parts.seed), float(parts.cell), parts.df_cluster)


def _spread(parts: Components, n_seeds: int, scope: Scope) -> Spread:
    cluster, seed, cell = map(np.asarray, parts[:3])
    of_one = Parts(cluster, seed, cell, parts.df_cluster)
    return spread(of_one, n_seeds if scope == "recipe" else 1)


def _reason(kept: Floats, n_clusters: int, scope: Scope) -> str | None:
    n_seeds, n_items = kept.shape
    if n_items == 0:
        return "no item has a score in every seed"
    if n_clusters < 2:
        return "all items are in one cluster; an interval needs items from at least two"
    if scope == "recipe" and n_seeds < 2:
        return "there is one seed; the spread between seeds needs at least two"
    return None


def _no_spread(estimate: float, scale: float) -> str:
    if scale == 0:
        return "no item scored differently, so there is no spread to compute an interval from"
    return (
        f"the difference is {estimate:.3g} in every cluster and seed, so there is no spread to "
        "compute an interval from"
    )
