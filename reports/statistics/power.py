"""How small an effect a design can show, and how large a design an effect needs.

Planning arithmetic on variance parts. It is approximate on purpose: it takes the parts as known.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from reports.statistics.paired import PairedDifference, Scope
from reports.statistics.variance import Parts, half_width, spread

__all__ = [
    "CLUSTER_SD",
    "ITEM_SD",
    "MOST_ITEMS",
    "MOST_SEEDS",
    "SEED_SD",
    "Needed",
    "Variances",
    "assumed_variances",
    "detectable_effect",
    "measured_variances",
    "minimum_detectable_effect",
    "needed_size",
    "required_size",
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


class Variances(NamedTuple):
    """How much single draws vary, from assumptions or from what was measured.

    Attributes
    ----------
    cluster, seed, cell : float
        Of the mean difference of one cluster, of one seed, and of what both do not explain, in
        squared points.
    n_clusters, n_items : int
        Of the test items that they describe; other numbers of items come in clusters like these.
    df_cluster : float
        Degrees of freedom of the cluster part with these items.
    scope : {"recipe", "checkpoints"}
    """

    cluster: float
    seed: float
    cell: float
    n_clusters: int
    n_items: int
    df_cluster: float
    scope: Scope = "recipe"


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
    if n_seeds < 1 or not (0 < level < 1 and 0 < power < 1):
        raise ValueError("need at least one seed, and level and power between 0 and 1")
    assumed = assumed_variances(
        cluster_sizes, item_sd=item_sd, cluster_sd=cluster_sd, seed_sd=seed_sd
    )
    return detectable_effect(assumed, n_seeds, assumed.n_items, level=level, power=power)


def assumed_variances(
    cluster_sizes: ArrayLike,
    *,
    item_sd: float = ITEM_SD,
    cluster_sd: float = CLUSTER_SD,
    seed_sd: float = SEED_SD,
) -> Variances:
    """Variances from assumptions, see `minimum_detectable_effect`.

    Raises
    ------
    ValueError
        A cluster has no item, or an sd is negative.
    """
    sizes = np.asarray(cluster_sizes, dtype=float)
    if sizes.ndim != 1 or (sizes < 1).any() or min(item_sd, cluster_sd, seed_sd) < 0:
        raise ValueError(
            "need cluster sizes (n_clusters,) of at least one, and sds of at least zero"
        )
    n_items = sizes.sum()
    effective = float(n_items**2 / (sizes**2).sum()) if len(sizes) else 0.0
    mean = cluster_sd**2 / effective + item_sd**2 / n_items if len(sizes) else math.nan
    return Variances(mean * len(sizes), seed_sd**2, 0.0, len(sizes), int(n_items), effective - 1)


def measured_variances(result: PairedDifference) -> Variances:
    """Variances of what was measured, by the method of moments; NaN where it has no interval."""
    parts, n_clusters, n_seeds = result.components, result.n_clusters, result.n_seeds
    about = n_clusters, result.n_items, parts.df_cluster, result.scope
    if not result.se > 0:
        return Variances(math.nan, math.nan, math.nan, *about)
    if result.scope == "checkpoints":  # more seeds are no part of it
        return Variances(parts.cluster * n_clusters, 0.0, 0.0, *about)
    return Variances(
        max(parts.cluster - parts.cell, 0.0) * n_clusters,
        max(parts.seed - parts.cell, 0.0) * n_seeds,
        parts.cell * n_seeds * n_clusters,
        *about,
    )


def detectable_effect(
    variances: Variances,
    n_seeds: int,
    n_items: float,
    *,
    level: float = 0.95,
    power: float = 0.8,
) -> float:
    """Smallest true difference that a design would find, in points.

    Parameters
    ----------
    variances : Variances
    n_seeds : int
        With one, for these checkpoints and not for the recipe.
    n_items : float
        Test items, in clusters like those of `variances`.
    level, power : float
        Confidence level of the two-sided test and the chance that it finds the effect.

    Returns
    -------
    float
        NaN with fewer than two clusters.
    """
    growth = n_items / variances.n_items if variances.n_items else math.nan
    n_clusters = variances.n_clusters * growth
    if not n_clusters >= 2:
        return math.nan
    cell = variances.cell / (n_seeds * n_clusters)
    parts = Parts(
        np.asarray(variances.cluster / n_clusters + cell),
        np.asarray(variances.seed / n_seeds + cell),
        np.asarray(cell),
        (variances.df_cluster + 1) * growth - 1,
    )
    of = spread(parts, n_seeds if variances.scope == "recipe" else 1)
    beyond = math.copysign(float(half_width(of, 2 * min(power, 1 - power))), power - 0.5)
    return float(half_width(of, 1 - level)) + beyond


def required_size(
    variances: Variances,
    distance: float,
    n_seeds: int,
    n_items: int,
    *,
    level: float = 0.95,
    power: float = 0.8,
) -> Needed:
    """How many seeds with these items, or items with these seeds, would find a difference.

    Parameters
    ----------
    variances : Variances
    distance : float
        The true difference from what it is tested against, in points.
    n_seeds, n_items : int
        Of the design to be varied, one at a time.
    level, power : float
        As for `detectable_effect`.

    Returns
    -------
    Needed
        Whole numbers of seeds (at least two) and items, not to be added to those given.
    """

    def finds(seeds: int, items: float) -> bool:
        found = detectable_effect(variances, seeds, items, level=level, power=power)
        return found <= abs(distance)

    seeds = _first(lambda n: finds(n + 1, n_items), MOST_SEEDS)
    items = _first(lambda n: finds(n_seeds, n), MOST_ITEMS)
    return Needed(None if seeds is None else seeds + 1, items)


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
    variances = measured_variances(result)

    def decides(seeds: int, items: int) -> bool:
        found = detectable_effect(
            variances, result.n_seeds + seeds, result.n_items + items, level=level, power=power
        )
        return found <= abs(distance)

    seeds = None
    if result.scope == "recipe":
        seeds = _first(lambda more: decides(more, 0), MOST_SEEDS)
    items = _first(lambda more: decides(0, more), MOST_ITEMS)
    if items is not None:  # at least one cluster of them: new items of old clusters add less
        items = max(items, math.ceil(result.n_items / result.n_clusters))
    return Needed(seeds, items)


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
