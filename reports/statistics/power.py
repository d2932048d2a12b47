"""How small an effect a design can show, and how large a design an effect needs.

Planning arithmetic on variance parts. It is approximate on purpose: it takes the parts as known.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from reports.statistics.paired import PairedDifference
from reports.statistics.variance import Parts, half_width, spread

__all__ = [
    "CLUSTER_SD",
    "ITEM_SD",
    "MOST_ITEMS",
    "MOST_SEEDS",
    "SEED_SD",
    "Needed",
    "minimum_detectable_effect",
    "needed_size",
]

ITEM_SD: Final = 42.0
"""Default sd of one item's difference inside its article, points. sqrt(35^2 + 5 * 10^2): 35 between
questions of a paragraph, 10 between paragraphs of about 5 questions, as assumed for SQuAD's F1."""

CLUSTER_SD: Final = 2.0
"""Default sd of the difference between articles, points, as assumed for SQuAD's F1."""

SEED_SD: Final = 0.57
"""Default sd of the mean difference between seeds, points: sqrt(2) * 0.4, two arms of 0.4 each."""

MOST_SEEDS: Final = 100
"""More seeds than this are no answer to "how many more"."""

MOST_ITEMS: Final = 1_000_000
"""More items than this are no answer to "how many more"."""


class Needed(NamedTuple):
    """How many more seeds, or instead how many more items, would decide.

    Attributes
    ----------
    seeds, items : int or None
        None: no practical number of them alone would do.
    """

    seeds: int | None
    items: int | None


class _Parts(NamedTuple):
    """Variances of single draws: of a cluster, of a seed, and of a cell of both."""

    cluster: float
    seed: float
    cell: float


def minimum_detectable_effect(
    n_seeds: int,
    cluster_sizes: ArrayLike,
    *,
    item_sd: float = ITEM_SD,
    cluster_sd: float = CLUSTER_SD,
    seed_sd: float = SEED_SD,
    level: float = 0.95,
    power: float = 0.8,
) -> float:
    """Smallest true difference of two arms that would be found, in points.

    Parameters
    ----------
    n_seeds : int
        Training seeds; with one, the answer holds for the checkpoints, not for the recipe.
    cluster_sizes : array_like of int, shape (n_clusters,)
        Items in each outermost cluster.
    item_sd, cluster_sd, seed_sd : float
        Standard deviations of paired differences (0-100): of items inside their cluster, of
        clusters, of seeds. An item's difference is taken to come back in every seed, so that more
        seeds do not shrink its part; this is the careful assumption.
    level, power : float
        Confidence level of the two-sided test and the chance that it finds the effect.

    Returns
    -------
    float
        In points; NaN with fewer than two clusters.

    Raises
    ------
    ValueError
        A count below one, a negative sd, or a level or power outside (0, 1).

    Notes
    -----
    (t_{(1+level)/2} + t_{power}) * se for one seed; with several the parts of clusters and of seeds
    have their own t each, combined as in `paired_difference`.

    References
    ----------
    Miller 2024, arXiv 2411.00640, section 5. Bloom 1995, "Minimum Detectable Effects".
    """
    sizes = np.asarray(cluster_sizes, dtype=float)
    if n_seeds < 1 or sizes.ndim != 1 or (sizes < 1).any():
        raise ValueError("need at least one seed, and cluster sizes (n_clusters,) of at least one")
    if min(item_sd, cluster_sd, seed_sd) < 0 or not (0 < level < 1 and 0 < power < 1):
        raise ValueError("need sds of at least zero, and level and power between 0 and 1")
    if len(sizes) < 2:
        return float("nan")
    effective = float(sizes.sum() ** 2 / (sizes**2).sum())
    cluster = cluster_sd**2 / effective + item_sd**2 / sizes.sum()
    seed = seed_sd**2 / n_seeds if n_seeds > 1 else 0.0
    return _detectable(_parts(cluster, seed, 0.0, effective - 1), n_seeds, level, power)


def needed_size(
    result: PairedDifference, distance: float, *, level: float = 0.95, power: float = 0.8
) -> Needed:
    """How many more seeds or items would tell the estimate from a value at some distance.

    Parameters
    ----------
    result : PairedDifference
        What was measured; its variance parts are taken as known.
    distance : float
        How far the estimate is from the difference it is tested against, in points.
    level, power : float
        Of the later test: level after any correction for multiplicity, and chance to succeed if
        the true difference is the one that was estimated.

    Returns
    -------
    Needed
        Numbers to add, not rounded. Items come in clusters like those at hand.

    Notes
    -----
    A planning aid, not evidence: the estimate itself is uncertain, more so when it is small.
    """
    if not (result.se > 0 and distance != 0):
        return Needed(None, None)
    parts = _single_draws(result)
    per_cluster = result.n_items / result.n_clusters

    def decides(n_seeds: float, growth: float) -> bool:
        n_clusters = result.n_clusters * growth
        cell = parts.cell / (n_seeds * n_clusters)
        cluster = parts.cluster / n_clusters + cell
        seed = parts.seed / n_seeds + cell
        df_cluster = (result.components.df_cluster + 1) * growth - 1
        parts_then = _parts(cluster, seed, cell, df_cluster)
        counted = n_seeds if result.scope == "recipe" else 1
        return _detectable(parts_then, counted, level, power) <= abs(distance)

    seeds = None
    if result.scope == "recipe":
        seeds = _first(lambda more: decides(result.n_seeds + more, 1.0), MOST_SEEDS)
    items = _first(lambda more: decides(result.n_seeds, 1 + more / result.n_items), MOST_ITEMS)
    if items is not None:  # at least one cluster of them: new items of old clusters add less
        items = max(items, math.ceil(per_cluster))
    return Needed(seeds, items)


def _single_draws(result: PairedDifference) -> _Parts:
    """Variance parts of one cluster, seed and cell, by the method of moments."""
    parts, n_clusters, n_seeds = result.components, result.n_clusters, result.n_seeds
    if n_seeds < 2:  # cell and cluster cannot be told apart; neither is needed for more items
        return _Parts(parts.cluster * n_clusters, 0.0, 0.0)
    return _Parts(
        cluster=max(parts.cluster - parts.cell, 0.0) * n_clusters,
        seed=max(parts.seed - parts.cell, 0.0) * n_seeds,
        cell=parts.cell * n_seeds * n_clusters,
    )


def _parts(cluster: float, seed: float, cell: float, df_cluster: float) -> Parts:
    return Parts(np.asarray(cluster), np.asarray(seed), np.asarray(cell), df_cluster)


def _detectable(parts: Parts, n_seeds: float, level: float, power: float) -> float:
    """Half the interval, and as much again of it as makes the test succeed with some power."""
    of = spread(parts, n_seeds)
    beyond = math.copysign(float(half_width(of, 2 * min(power, 1 - power))), power - 0.5)
    return float(half_width(of, 1 - level)) + beyond


def _first(holds: Callable[[int], bool], most: int) -> int | None:
    """Smallest number from 1 to `most` for which a rule holds that keeps holding beyond it."""
    low, high = 0, 1
    while not holds(high):
        if high >= most:
            return None
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
