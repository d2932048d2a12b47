"""One comparison: a hypothesis with what was measured and what is concluded.

A value and its JSON form; how it comes about is in `reports.analysis`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal

from harness.experiment.schema import Claim
from reports.statistics import Scope
from reports.verdicts import Verdict

__all__ = ["Comparison"]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A hypothesis, its measurement and its verdict. Unknown numbers are NaN (null in JSON).

    Attributes
    ----------
    contrast : str
        Name of the difference, such as `context: question+context vs question`.
    kind : {"main", "interaction"}
    claim, metric : str
        What was declared; `exploratory` ones are tested as `different`.
    exploratory : bool
        Not declared before the scores were seen: a hint, not a finding.
    scope : {"recipe", "checkpoints"}
        Whether the interval also covers training again with new seeds.
    method : str
        How interval and p-value were computed.
    control_mean, treatment_mean : float
        Points, 0-100; their difference is the estimate. Of an interaction: the effect of its
        first factor with the control, and with the treatment, of the second.
    estimate, se, ci_low, ci_high : float
        Points. The interval has level `level` and is not widened for multiplicity.
    df : float
        Degrees of freedom of the t distribution.
    level : float
        1 - alpha.
    p_value, p_adjusted : float
        Two-sided, against zero or the margin; adjusted over `n_family` comparisons.
    n_family : int
    verdict : str
        By the adjusted p-value.
    margin : float or None
        Points.
    needed : str or None
        What an undecided comparison needs.
    n_items, n_clusters, n_seeds : int
        What the estimate rests on.
    reason : str or None
        Why something is unknown.
    headline : str
        The verdict in words, without numbers.
    sentence : str
        The headline with the numbers.
    """

    contrast: str
    kind: Literal["main", "interaction"]
    claim: Claim
    metric: str
    exploratory: bool
    scope: Scope
    method: str
    control_mean: float
    treatment_mean: float
    estimate: float
    ci_low: float
    ci_high: float
    level: float
    se: float
    df: float
    p_value: float
    p_adjusted: float
    n_family: int
    verdict: Verdict
    margin: float | None
    needed: str | None
    n_items: int
    n_clusters: int
    n_seeds: int
    reason: str | None
    headline: str
    sentence: str

    MEASURED: ClassVar[tuple[str, ...]] = (
        "scope",
        "method",
        "estimate",
        "ci_low",
        "ci_high",
        "level",
        "se",
        "df",
        "n_items",
        "n_clusters",
        "n_seeds",
    )
    """Fields that are taken from a `PairedDifference` as they are."""

    def to_json(self) -> dict[str, Any]:
        """All fields by name; unknown numbers are None, since JSON has no NaN."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: None if _is_nan(value) else value for name, value in values.items()}


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
