"""Adjusting p-values for the number of comparisons. Knows nothing of what was compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["benjamini_hochberg", "holm"]


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Holm's adjusted p-values: at most alpha exactly when the step-down test rejects.

    Parameters
    ----------
    p_values : array_like, shape (n,)
        NaN is a test that could not be done. It still counts in the family, since it was declared;
        leaving it out would make the others easier to pass.

    Returns
    -------
    ndarray, shape (n,)
        In [0, 1], NaN where the p-value is. They bound the chance of any false rejection in the
        family, however the tests depend on each other.

    Raises
    ------
    ValueError
        Not one-dimensional, or outside [0, 1].

    References
    ----------
    Holm 1979, "A Simple Sequentially Rejective Multiple Test Procedure".
    """
    p, order = _sorted(p_values)
    steps = p[order] * np.arange(len(p), 0, -1)[: len(order)]
    return _restored(np.maximum.accumulate(steps), order, len(p))


def benjamini_hochberg(p_values: ArrayLike) -> NDArray[np.float64]:
    """Benjamini-Hochberg adjusted p-values: the expected share of false finds among finds.

    Parameters
    ----------
    p_values : array_like, shape (n,)
        NaN is a test that could not be done; it counts in the family.

    Returns
    -------
    ndarray, shape (n,)
        In [0, 1], NaN where the p-value is.

    Raises
    ------
    ValueError
        Not one-dimensional, or outside [0, 1].

    References
    ----------
    Benjamini & Hochberg 1995, "Controlling the False Discovery Rate".
    """
    p, order = _sorted(p_values)
    steps = p[order] * len(p) / np.arange(1, len(order) + 1)
    return _restored(np.minimum.accumulate(steps[::-1])[::-1], order, len(p))


def _sorted(p_values: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The p-values, and the positions of the known ones from smallest to largest."""
    p = np.asarray(p_values, dtype=float)
    if p.ndim != 1:
        raise ValueError(f"p-values: got shape {p.shape}, need (n,)")
    if ((p < 0) | (p > 1)).any():
        raise ValueError("p-values: got a number outside 0 to 1")
    order = np.argsort(p, kind="stable")
    return p, order[: int((~np.isnan(p)).sum())]


def _restored(
    adjusted: NDArray[np.float64], order: NDArray[np.intp], n: int
) -> NDArray[np.float64]:
    result = np.full(n, np.nan)
    result[order] = np.minimum(adjusted, 1.0)
    return result
