"""Paired preference: how often one of two was chosen over the other, from independent votes.

Knows nothing of arms, voters or of what the votes were about.
"""

from __future__ import annotations

from typing import NamedTuple

from scipy.special import betaincinv

from reports.statistics.mcnemar import mcnemar

__all__ = ["Preference", "preference"]


class Preference(NamedTuple):
    """How often the first of two was preferred.

    Attributes
    ----------
    wins, losses, ties : int
        Votes for the first, for the second, and for neither.
    share : float
        Of the votes for either, those for the first; NaN where there is a reason.
    ci_low, ci_high : float
        Exact interval of the share.
    p_value : float
        Two-sided, of the exact test that either is as likely to be preferred.
    level : float
        Coverage of the interval, at least.
    reason : str
        Why there is no share; empty if there is one.
    """

    wins: int
    losses: int
    ties: int
    share: float
    ci_low: float
    ci_high: float
    p_value: float
    level: float
    reason: str = ""


def preference(wins: int, losses: int, ties: int = 0, *, level: float = 0.95) -> Preference:
    """The share of decided votes for the first of two, with its exact interval and test.

    Parameters
    ----------
    wins, losses : int
        Votes for the first and for the second.
    ties : int
        Votes that saw no difference: they are reported, and part of no number.
    level : float
        Of the interval, between 0 and 1.

    Raises
    ------
    ValueError
        A count is negative, or the level is not between 0 and 1.

    Notes
    -----
    The test is the sign test, which is McNemar's exact one on the same two counts. The interval
    leaves out one half just where the p-value is at most 1 - level.

    References
    ----------
    Clopper & Pearson 1934, "The use of confidence or fiducial limits illustrated in the case of
    the binomial". Dixon & Mood 1946, "The statistical sign test" (ties left out).
    """
    if min(wins, losses, ties) < 0:
        raise ValueError(f"counts of votes: got {wins}, {losses} and {ties}")
    if not 0 < level < 1:
        raise ValueError(f"level of an interval: got {level}, allowed between 0 and 1")
    decided = wins + losses
    if not decided:
        nan = float("nan")
        reason = "every vote saw no difference" if ties else "there is no vote"
        return Preference(wins, losses, ties, nan, nan, nan, nan, level, reason)
    tail = (1 - level) / 2
    return Preference(
        wins,
        losses,
        ties,
        wins / decided,
        float(betaincinv(wins, losses + 1, tail)) if wins else 0.0,
        float(betaincinv(wins + 1, losses, 1 - tail)) if losses else 1.0,
        mcnemar(wins, losses).exact,
        level,
    )
