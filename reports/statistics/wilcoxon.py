"""Wilcoxon's signed-rank test of cluster means: a second opinion that a few outliers cannot sway.

It speaks about the trained checkpoints: seeds are averaged, and their luck is not part of it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from reports.statistics.variance import Floats

__all__ = ["Wilcoxon", "wilcoxon"]

_MOST_EXACT = 200  # clusters; beyond, the normal approximation is as good and takes less time
_DECIMALS = 9  # of a point: equal differences that were rounded differently are ties


class Wilcoxon(NamedTuple):
    """What a signed-rank test found.

    Attributes
    ----------
    p_value : float
        Two-sided; NaN with no cluster.
    n_pairs : int
        Clusters, each of which gave one pair of scores; those without a difference are counted.
    exact : bool
        The p-value comes from all assignments of signs, rather than a normal approximation.
    """

    p_value: float
    n_pairs: int
    exact: bool


def wilcoxon(differences: ArrayLike, clusters: ArrayLike, *, null_value: float = 0.0) -> Wilcoxon:
    """Signed-rank test of the clusters' mean differences.

    Parameters
    ----------
    differences : array_like, shape (n_items,)
        One difference per item in points, averaged over seeds. NaN is left out.
    clusters : array_like, shape (n_items,)
        What each item is nested in; without nesting a label of its own for each item.
    null_value : float
        The difference under the null hypothesis, in points.

    Returns
    -------
    Wilcoxon

    Raises
    ------
    ValueError
        The shapes differ.

    Notes
    -----
    It does not test the mean. If the cluster means are spread symmetrically, it tests their centre
    (the pseudo-median, which is then the mean and the median too); if they are not, a small
    p-value may say no more than that. Every cluster counts once, however many items it has.

    The cluster is the unit because items of one cluster are alike: ranked one by one they would
    pass for more evidence than they are.

    Zeros are ranked with the others and then carry no sign (Pratt 1959). Dropped before ranking,
    as Wilcoxon did, they can make a p-value rise when a difference moves away from the null
    value. Ties share the mean of their ranks. Up to 200 clusters the p-value is exact for the
    ranks at hand, ties and zeros included; scipy's is so only without them. Beyond, it is scipy's
    normal approximation with the variance of these ranks, and no continuity correction.

    References
    ----------
    Wilcoxon 1945, "Individual Comparisons by Ranking Methods". Pratt 1959, "Remarks on Zeros and
    Ties in the Wilcoxon Signed Rank Procedures". Streitberg & Röhmel 1986, "Exact Distributions
    for Permutation and Rank Tests" (the shift algorithm).
    """
    means = _cluster_means(differences, clusters)
    if not len(means):
        return Wilcoxon(float("nan"), n_pairs=0, exact=True)
    away = np.round(means - null_value, _DECIMALS)
    if len(away) <= _MOST_EXACT or not away.any():
        return Wilcoxon(_exact_p(away), len(away), exact=True)
    from scipy import stats  # takes long to import, and planning has no use for it

    found = stats.wilcoxon(away, zero_method="pratt", correction=False, method="asymptotic")
    return Wilcoxon(float(found.pvalue), len(away), exact=False)


def _exact_p(away: Floats) -> float:
    """Two-sided, over all signs of the ranks: one rank at a time, a shift of the chances so far."""
    size = np.abs(away)
    # twice the mean rank of ties, a whole number: how many are smaller, and how many not larger
    ranks = (size > size[:, None]).sum(axis=0) + (size >= size[:, None]).sum(axis=0) + 1
    signed = ranks[away != 0]
    chances = np.zeros(signed.sum() + 1)
    chances[0] = 1.0
    for rank in signed:
        chances[rank:] = (chances[rank:] + chances[:-rank]) / 2
        chances[:rank] /= 2
    positive = ranks[away > 0].sum()
    tails = chances[: positive + 1].sum(), chances[positive:].sum()
    return min(1.0, 2 * float(min(tails)))


def _cluster_means(differences: ArrayLike, clusters: ArrayLike) -> Floats:
    values, labels = np.asarray(differences, dtype=float), np.asarray(clusters)
    if values.ndim != 1 or labels.shape != values.shape:
        raise ValueError(
            f"got differences of shape {values.shape} and clusters of shape {labels.shape};"
            " both need (n_items,)"
        )
    scored = ~np.isnan(values)
    codes = np.unique(labels[scored], return_inverse=True)[1]
    means: Floats = np.bincount(codes, values[scored]) / np.bincount(codes)
    return means
