"""Parts of the variance of a mean over seeds and clusters, and how wide an interval they ask for.

Works on one table of sums or on many at once, which is how its error rates are simulated. It knows
nothing of items, arms or claims, and draws no random numbers.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

__all__ = ["Floats", "Parts", "Spread", "half_width", "p_value", "spread", "variance_parts"]

Floats: TypeAlias = NDArray[np.float64]


class Parts(NamedTuple):
    """Parts of the variance, one number for each table; names as in `paired.Components`."""

    cluster: Floats
    seed: Floats
    cell: Floats
    df_cluster: float


class Spread(NamedTuple):
    """Two independent parts that add up to the variance of the mean, with degrees of freedom."""

    cluster: Floats
    seed: Floats
    df_cluster: float
    df_seed: float


def variance_parts(sums: Floats, sizes: Floats) -> Parts:
    """Variance parts from sums of differences in each cell.

    Parameters
    ----------
    sums : ndarray, shape (..., n_seeds, n_clusters)
        Sums of differences over the items of a cluster at one seed; leading axes are other tables.
    sizes : ndarray, shape (n_clusters,)
        Items in each cluster.

    Returns
    -------
    Parts
        Of shape (...,), squared units of the differences. NaN what needs two clusters or seeds.
    """
    n_seeds, n_clusters = sums.shape[-2:]
    unknown = np.full(sums.shape[:-2], np.nan)
    if n_clusters < 2:
        return Parts(unknown, unknown, unknown, float("nan"))
    weights = sizes / sizes.sum()
    cells = sums / sizes.sum()  # each cell's part of its seed's mean difference
    seed_means = cells.sum(axis=-1)
    by_cluster = cells.mean(axis=-2)
    centred = by_cluster - weights * seed_means.mean(axis=-1)[..., None]
    correction_g = n_clusters / (n_clusters - 1)
    cluster = correction_g * (centred**2).sum(axis=-1)
    df_cluster = effective_df(weights)
    if n_seeds < 2:
        return Parts(cluster, unknown, unknown, df_cluster)
    deviation = seed_means - seed_means.mean(axis=-1)[..., None]
    rest = cells - by_cluster[..., None, :] - deviation[..., None] * weights
    correction_s = n_seeds / (n_seeds - 1)
    cell = correction_s * correction_g * (rest**2).sum(axis=(-2, -1)) / n_seeds**2
    return Parts(cluster, seed_means.var(axis=-1, ddof=1) / n_seeds, cell, df_cluster)


def effective_df(weights: Floats) -> float:
    """Degrees of freedom of V_g: (tr M)^2 / tr(M^2), M the covariance of centred cluster sums.

    Under the working model that a quarter of the variance of an average cluster's sum comes from
    the cluster as a whole and the rest from single items. G - 1 for equal clusters, fewer for
    unequal ones.

    References
    ----------
    Bell & McCaffrey 2002; Carter, Schnepel & Steigerwald 2017, whose model has clusters only.
    """
    variances = 3 * weights + len(weights) * weights**2
    total, product, s2 = variances.sum(), (variances * weights).sum(), (weights**2).sum()
    trace = total - 2 * product + total * s2
    square = (
        (1 + 2 * s2) * (variances**2).sum()
        + 2 * product**2
        + (total * s2) ** 2
        - 4 * (variances**2 * weights).sum()
        + 2 * total * (variances * weights**2).sum()
        - 4 * total * s2 * product
    )
    return float(trace**2 / square)


def spread(parts: Parts, n_seeds: float) -> Spread:
    """Split the variance of the mean into what clusters and what seeds bring.

    Parameters
    ----------
    parts : Parts
    n_seeds : float
        One: the seeds bring nothing, which is the checkpoints scope.

    Returns
    -------
    Spread
        V_g, and of the seeds min(V_s, 5 max(V_s - V_c S / (S + 1), 0)): nothing where the seeds
        differ no more than the cells explain, all of V_s where they clearly do. Two seeds always
        count in full, since one degree of freedom cannot show that they do not differ.

    Notes
    -----
    The unbiased max(V_s - V_c, 0) is too small just when the seeds happen to agree, and with few
    seeds they often do; no degrees of freedom mend that. The 5 and S / (S + 1) were chosen by
    simulation, docs/decisions/0006.
    """
    if n_seeds == 1:
        return Spread(parts.cluster, np.zeros_like(parts.cluster), parts.df_cluster, 0)
    seed = parts.seed
    if n_seeds > 2:
        excess = np.maximum(seed - parts.cell * n_seeds / (n_seeds + 1), 0.0)
        seed = np.minimum(seed, 5 * excess)
    return Spread(parts.cluster, seed, parts.df_cluster, n_seeds - 1)


def half_width(of: Spread, alpha: float) -> Floats:
    """Half the interval of level 1 - alpha, clusters and seeds having their own t each.

    Parameters
    ----------
    of : Spread
    alpha : float

    Returns
    -------
    ndarray
        sqrt(V_g + V_x) times the mean of both t, weighted by V_g and V_x. With two seeds the
        quadratic mean: larger, and proven never to reject more often than alpha.

    References
    ----------
    Cochran & Cox 1957, "Experimental Designs", chapter 4. Banerjee 1961, "On Confidence
    Interval for Two-Means Problem Based on Separate Estimates of Variances and Tabulated Values of
    t-Table", Sankhya A 23.
    """
    total = of.cluster + of.seed
    t_cluster = -stdtrit(of.df_cluster, alpha / 2)
    if of.df_seed == 0:
        return np.asarray(t_cluster * np.sqrt(total))
    t_seed = -stdtrit(of.df_seed, alpha / 2)
    if of.df_seed == 1:
        return np.asarray(np.sqrt(t_cluster**2 * of.cluster + t_seed**2 * of.seed))
    share = np.divide(of.seed, total, out=np.zeros_like(total), where=total > 0)
    return np.asarray((t_cluster + (t_seed - t_cluster) * share) * np.sqrt(total))


def p_value(of: Spread, distance: float) -> float:
    """Alpha at which the half-width of one table, whose spread is not 0, is `distance`."""
    distance = abs(distance)
    t = distance / float(np.sqrt(of.cluster + of.seed))
    dfs = (of.df_cluster, of.df_seed) if of.df_seed > 0 else (of.df_cluster,)
    low, high = (2 * float(stdtr(df, -t)) for df in (max(dfs), min(dfs)))
    while high - low > 1e-12 * high:
        middle = (low + high) / 2 if low < high / 1e3 else float(np.sqrt(low * high))
        low, high = (middle, high) if half_width(of, middle) > distance else (low, middle)
    return high
