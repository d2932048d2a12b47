"""From a measured difference to what may be concluded about a claim.

The rules in one place, without arms, files or wording of sentences; they are written for scores of
which higher is better, and a `sign` of -1 turns them round for error rates. The conventions and why
they were chosen are in `docs/decisions`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

from harness.experiment.schema import Claim
from reports.statistics import Needed, PairedDifference, needed_size, test_against

__all__ = [
    "CLAIMS",
    "Rule",
    "Verdict",
    "claim_p_value",
    "decide",
    "distance_to_decision",
    "needs",
    "null_values",
]

Verdict: TypeAlias = Literal[
    "better",
    "worse",
    "not worse by more than the margin",
    "worse by more than the margin",
    "equivalent",
    "not equivalent",
    "undecided",
]


class Rule(NamedTuple):
    """How one claim is tested.

    Attributes
    ----------
    nulls : callable
        Margin in points -> the gains that the estimate is tested against. The claim's p-value is
        the largest of theirs.
    holds : callable
        (gain, margin) -> is a significant gain on the side of the claim?
    if_so, if_not : str
        Verdicts when it is and when it is not.
    """

    nulls: Callable[[float], tuple[float, ...]]
    holds: Callable[[float, float], bool]
    if_so: Verdict
    if_not: Verdict


_SIGN = Rule(lambda margin: (0.0,), lambda gain, margin: gain > 0, "better", "worse")

CLAIMS: Final[Mapping[Claim, Rule]] = {
    "better": _SIGN,
    "different": _SIGN,
    "non_inferior": Rule(
        lambda margin: (-margin,),
        lambda gain, margin: gain > -margin,
        "not worse by more than the margin",
        "worse by more than the margin",
    ),
    "equivalent": Rule(
        lambda margin: (-margin, margin),
        lambda gain, margin: abs(gain) < margin,
        "equivalent",
        "not equivalent",
    ),
}
"""How each claim of the experiment language is tested."""


def null_values(claim: Claim, margin: float | None, sign: float = 1.0) -> tuple[float, ...]:
    """The differences in points that a claim is tested against, in the metric's own direction."""
    nulls = CLAIMS[claim].nulls(margin or 0.0)
    return tuple(sign * null + 0.0 for null in nulls)  # + 0.0: no minus zero


def claim_p_value(
    result: PairedDifference, claim: Claim, margin: float | None, sign: float = 1.0
) -> float:
    """Two-sided p-value of a claim.

    Parameters
    ----------
    result : PairedDifference
    claim : str
        A key of `CLAIMS`.
    margin : float or None
        In points, for claims that have one.
    sign : float
        1, or -1 for a metric of which lower is better, see `harness.metrics.sign_of`.

    Returns
    -------
    float
        NaN where the result has no standard error. For `equivalent` it is the larger of two
        tests', against minus and plus the margin (Schuirmann 1987); that is also the right one
        for the opposite conclusion, since the nearer margin has the larger p-value.

    Notes
    -----
    Every test is two-sided, so `p <= alpha` says the same as the 1 - alpha interval does. For
    non-inferiority that is the one-sided test at alpha / 2, as ICH E9 (1998) recommends.
    """
    p_values = [test_against(result, null) for null in null_values(claim, margin, sign)]
    return math.nan if any(map(math.isnan, p_values)) else max(p_values)


def decide(
    estimate: float,
    p_adjusted: float,
    claim: Claim,
    margin: float | None,
    alpha: float,
    sign: float = 1.0,
) -> Verdict:
    """Verdict about a claim, by its adjusted p-value and the side the estimate is on.

    Parameters
    ----------
    estimate, margin : float
        In points.
    p_adjusted : float
        After the correction for the family; NaN gives `undecided`.
    claim : str
    alpha : float
        Error rate of the family.
    sign : float
        As for `claim_p_value`.
    """
    if not p_adjusted <= alpha:
        return "undecided"
    rule = CLAIMS[claim]
    return rule.if_so if rule.holds(sign * estimate, margin or 0.0) else rule.if_not


def distance_to_decision(
    estimate: float, claim: Claim, margin: float | None, sign: float = 1.0
) -> float:
    """How far the estimate is from the nearest difference it is tested against, in points."""
    return min(abs(estimate - null) for null in null_values(claim, margin, sign))


def needs(
    result: PairedDifference,
    claim: Claim,
    margin: float | None,
    *,
    alpha: float,
    power: float,
    n_family: int,
    sign: float = 1.0,
) -> str | None:
    """What an undecided claim needs, in words; None where that cannot be said.

    Parameters
    ----------
    result : PairedDifference
    claim, margin
        As declared.
    alpha, power : float
        Of the family, and of a later experiment.
    n_family : int
        Comparisons that are corrected for; the later test is planned at alpha / n_family, which
        is what the smallest p-value of a family is held to.
    sign : float
        As for `claim_p_value`.
    """
    if not result.se > 0:
        return None
    distance = distance_to_decision(result.estimate, claim, margin, sign)
    level = 1 - alpha / max(n_family, 1)
    needed = needed_size(result, distance, level=level, power=power)
    return _in_words(needed, recipe=result.scope == "recipe")


def _in_words(needed: Needed, *, recipe: bool) -> str:
    seeds, items = (_rounded_up(n) if n else None for n in needed)
    if seeds and items:
        return f"needs about {_counted(seeds, 'seed')} or {_counted(items, 'item')}"
    if seeds:
        return f"needs about {_counted(seeds, 'seed')}; more items alone would not do"
    if items and recipe:
        return f"needs about {_counted(items, 'item')}; more seeds alone would not do"
    if items:
        return f"needs about {_counted(items, 'item')}"
    if recipe:
        return "no practical number of seeds alone, or of items alone, would decide it"
    return "no practical number of items would decide it"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} more {noun}" + ("" if number == 1 else "s")


def _rounded_up(number: int) -> int:
    """Two leading digits, rounded up: a planning number is not known better than that."""
    step: int = 10 ** max(len(str(number)) - 2, 0)
    return -(-number // step) * step
