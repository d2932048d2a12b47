"""McNemar's test for paired right/wrong answers of two models, without clusters."""

from __future__ import annotations

from typing import NamedTuple

from scipy.special import bdtr

__all__ = ["McNemar", "mcnemar"]


class McNemar(NamedTuple):
    """Two-sided p-values.

    Attributes
    ----------
    exact : float
        At most its nominal size, and usually less.
    mid_p : float
        Counts half of the observed table: close to its nominal size.
    """

    exact: float
    mid_p: float


def mcnemar(only_treatment: int, only_control: int) -> McNemar:
    """Exact and mid-p McNemar test.

    Parameters
    ----------
    only_treatment, only_control : int
        Items that only the one, or only the other, answered correctly. Items that both or
        neither did say nothing about the difference.

    Raises
    ------
    ValueError
        A count is negative.

    References
    ----------
    McNemar 1947, "Note on the sampling error of the difference between correlated proportions".
    Fagerland, Lydersen & Laake 2013, "The McNemar test for binary matched-pairs data: mid-p and
    asymptotic are better than exact conditional".
    """
    if min(only_treatment, only_control) < 0:
        raise ValueError(f"counts of items: got {only_treatment} and {only_control}")
    n, fewer = only_treatment + only_control, min(only_treatment, only_control)
    below = float(bdtr(fewer, n, 0.5))
    at = below - (float(bdtr(fewer - 1, n, 0.5)) if fewer else 0.0)
    if 2 * fewer == n:
        return McNemar(1.0, 1.0 - at / 2)
    return McNemar(min(1.0, 2 * below), 2 * below - at)
