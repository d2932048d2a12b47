"""A permutation test that assumes nothing of how differences are distributed but symmetry.

It speaks about the trained checkpoints: seeds are averaged, and their luck is not part of it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["MOST_EXACT", "SignFlip", "sign_flip"]

MOST_EXACT = 14
"""Up to this many clusters all assignments of signs are tried."""

_BLOCK = 2_000  # assignments at a time: bounds the memory that many clusters take


class SignFlip(NamedTuple):
    """What a sign-flip test found.

    Attributes
    ----------
    p_value : float
        Two-sided; NaN with no cluster.
    exact : bool
        All assignments of signs were tried, rather than a random sample of them.
    n_flips : int
        How many were tried.
    """

    p_value: float
    exact: bool
    n_flips: int


def sign_flip(
    differences: ArrayLike,
    clusters: ArrayLike,
    *,
    rng: np.random.Generator,
    null_value: float = 0.0,
    n_resamples: int = 9_999,
) -> SignFlip:
    """Test of a mean paired difference by flipping the signs of whole clusters.

    Parameters
    ----------
    differences : array_like, shape (n_items,)
        One difference per item, averaged over seeds. NaN is left out.
    clusters : array_like, shape (n_items,)
        What each item is nested in.
    rng : numpy.random.Generator
        Draws the assignments when there are more than `MOST_EXACT` clusters.
    null_value : float
        The difference under the null hypothesis, in the units of the differences.
    n_resamples : int
        Random assignments; the observed one is counted besides (Phipson & Smyth 2010).

    Returns
    -------
    SignFlip

    Raises
    ------
    ValueError
        The shapes differ.

    Notes
    -----
    Under the null hypothesis, and if a cluster's sum of differences is as likely to be that far
    above as below what is expected, every assignment of signs to the clusters is equally likely.
    The p-value is the share of assignments whose mean is at least as far from `null_value` as
    the observed one. With few clusters it is exact, but cannot be smaller than 2 / 2^n_clusters.

    References
    ----------
    Fisher 1935, "The Design of Experiments", section 21. Phipson & Smyth 2010, "Permutation
    P-values Should Never Be Zero". Canay, Romano & Shaikh 2017, "Randomization Tests under an
    Approximate Symmetry Assumption" (for clusters).
    """
    values, labels = np.asarray(differences, dtype=float), np.asarray(clusters)
    if values.ndim != 1 or labels.shape != values.shape:
        raise ValueError(
            f"got differences of shape {values.shape} and clusters of shape {labels.shape};"
            " both need (n_items,)"
        )
    scored = ~np.isnan(values)
    codes = np.unique(labels[scored], return_inverse=True)[1]
    sums = np.bincount(codes, values[scored] - null_value) if scored.any() else np.empty(0)
    if not len(sums):
        return SignFlip(float("nan"), exact=True, n_flips=0)
    # a hair less, so that rounding does not lose an assignment that gives the same sum
    observed = abs(sums.sum()) * (1 - 1e-12)
    exact = len(sums) <= MOST_EXACT
    as_far = tried = 0
    for signs in _all_signs(len(sums)) if exact else _random_signs(len(sums), n_resamples, rng):
        as_far += int((np.abs(signs @ sums) >= observed).sum())
        tried += len(signs)
    p_value = as_far / tried if exact else (as_far + 1) / (tried + 1)
    return SignFlip(p_value, exact, tried)


def _all_signs(n: int) -> list[NDArray[np.float64]]:
    bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    return [(2.0 * bits - 1).astype(np.float64)]


def _random_signs(n: int, count: int, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    sizes = [min(_BLOCK, count - start) for start in range(0, count, _BLOCK)]
    return [rng.choice((-1.0, 1.0), (size, n)) for size in sizes]
