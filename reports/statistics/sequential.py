"""When an experiment that adds one seed after another is looked at, and how strictly each time.

The plan of the looks and nothing else: it tests nothing and stops nothing.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["FIRST_LOOK", "LAST_WEIGHT", "Look", "looks"]

FIRST_LOOK: Final = 3
"""Seeds before the first look: two leave the spread between seeds one degree of freedom."""

LAST_WEIGHT: Final = 0.8
"""Weight of the look at all planned seeds, where there are earlier ones."""


class Look(NamedTuple):
    """One analysis of the seeds that are there, all arms having as many.

    Attributes
    ----------
    n_seeds : int
        Complete seeds at this look.
    weight : float
        Share of alpha that is spent at it. With a p-value p of this look's data, p / weight is one
        of the whole experiment; the interval that goes with it has level 1 - alpha * weight.
    """

    n_seeds: int
    weight: float


def looks(n_planned_seeds: int) -> tuple[Look, ...]:
    """Every look that an experiment may take, in order: after each seed from `FIRST_LOOK` on.

    Parameters
    ----------
    n_planned_seeds : int
        Seeds at which the experiment ends if it is not decided before; fixed before the first.

    Returns
    -------
    tuple of Look
        Weights sum to 1. One look of weight 1, which is the ordinary analysis, where no more than
        `FIRST_LOOK` seeds are planned.

    Raises
    ------
    ValueError
        Less than one seed is planned.

    Notes
    -----
    The last look has weight `LAST_WEIGHT` and the earlier ones share the rest equally. Rejecting at
    any look where p <= alpha * weight is wrong with a chance of at most alpha by Bonferroni's
    inequality, if each look's test holds its own level: however the looks depend on each other,
    whichever of them were taken or left out, and for whatever reason it was stopped. Likewise all
    looks' intervals hold at once with a chance of 1 - alpha. As weights do not depend on alpha,
    the smallest p / weight of the looks so far, 1 if it is larger, is a p-value to put into Holm's
    correction.

    None of this holds for seeds beyond the planned ones. Stopping early is likelier when luck
    favoured the difference, so the estimate of an experiment that stopped early is on average too
    large.

    Rates of false alarms, simulated: docs/calibration.md. Other rules: docs/decisions/0008.

    References
    ----------
    Pocock 1977, "Group Sequential Methods in the Design and Analysis of Clinical Trials" (why
    looks need correcting). Peto et al. 1976, "Design and Analysis of Randomized Clinical Trials
    Requiring Prolonged Observation of Each Patient", part I (strict early looks, a last one close
    to the ordinary test). Jennison & Turnbull 1989, "Interim Analyses: The Repeated Confidence
    Interval Approach".
    """
    if n_planned_seeds < 1:
        raise ValueError(f"n_planned_seeds: got {n_planned_seeds}, need at least 1")
    n_earlier = max(n_planned_seeds - FIRST_LOOK, 0)
    if not n_earlier:
        return (Look(n_planned_seeds, 1.0),)
    each = (1 - LAST_WEIGHT) / n_earlier
    earlier = (Look(n_seeds, each) for n_seeds in range(FIRST_LOOK, n_planned_seeds))
    return (*earlier, Look(n_planned_seeds, LAST_WEIGHT))
