"""How much of a contrast is tuning: its size in validation scores after more and more trials.

The estimators are in `reports.statistics.budget`; the verdicts on test items are the analysis's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.experiment import Contrast
from harness.experiment.tuning import Finding, Trial, Tuning
from reports.comparison import Comparison
from reports.search import (
    arm_summaries,
    exchangeable,
    incumbents,
    proposed,
    score_bounds,
    scores_of,
    sign_of,
)
from reports.statistics.budget import expected_best, expected_best_difference
from reports.wording import metric_label

__all__ = ["AtBudget", "Sensitivity", "finding_of", "sensitivities", "turned"]

Floats: TypeAlias = NDArray[np.float64]
NAN = math.nan


class AtBudget(NamedTuple):
    """A difference in validation score after so many trials of each arm; NaN is unknown."""

    budget: int
    value: float
    low: float
    high: float


class Sensitivity(NamedTuple):
    """A declared contrast in validation scores, by how much the arms were tuned.

    Attributes
    ----------
    contrast : str
    at_default, at_best : float
        At the file's own settings, and at the best that each arm's whole search found.
    at_budgets : tuple of AtBudget
        After the same number of trials in each arm, the file's own settings not counted.
    """

    contrast: str
    at_default: float
    at_budgets: tuple[AtBudget, ...]
    at_best: float

    @property
    def known(self) -> tuple[float, ...]:
        """The differences that are known, from none to all of the tuning."""
        every = (self.at_default, *(one.value for one in self.at_budgets), self.at_best)
        return tuple(value for value in every if not math.isnan(value))


def sensitivities(
    contrasts: Sequence[Contrast], tuning: Tuning, confidence: float, rng: np.random.Generator
) -> tuple[Sensitivity, ...]:
    """Each contrast at the file's settings, at equal budgets and at the best settings.

    Parameters
    ----------
    contrasts : sequence of Contrast
    tuning : Tuning
    confidence : float
        Level of the intervals; there are some for two arms with exchangeable trials.
    rng : numpy.random.Generator

    Returns
    -------
    tuple of Sensitivity, length n_contrasts
        In the metric's own unit, treatment minus control; at a quarter, half and all of the
        trials that every arm has.
    """
    aligned = _aligned(tuning)
    n = min(map(len, aligned.values()), default=0)
    budgets = sorted({math.ceil(n * share) for share in (0.25, 0.5, 1.0)} - {0})
    defaults, bests = _ends_of_tuning(tuning)
    curves = {
        name: _curve(trials, defaults[name], tuning, confidence, rng)
        for name, trials in aligned.items()
    }
    rows = []
    for contrast in contrasts:
        found = _pair(contrast, aligned, tuning, confidence, rng) or tuple(
            AtBudget(k, _weighted(contrast, {a: c[k - 1] for a, c in curves.items()}), NAN, NAN)
            for k in range(1, n + 1)
        )
        rows.append(
            Sensitivity(
                contrast.name,
                _weighted(contrast, defaults),
                tuple(one for one in found if one.budget in budgets),
                _weighted(contrast, bests),
            )
        )
    return tuple(rows)


def turned(contrasts: Sequence[Contrast], tuning: Tuning) -> tuple[Sensitivity, ...]:
    """The contrasts that tuning turned round: of another sign at the best than at the file's.

    Without the budgets in between.
    """
    defaults, bests = _ends_of_tuning(tuning)
    rows = (Sensitivity(c.name, _weighted(c, defaults), (), _weighted(c, bests)) for c in contrasts)
    return tuple(one for one in rows if one.at_default * one.at_best < 0)


def finding_of(comparison: Comparison) -> Finding:
    """A comparison as it is stored for a report of tuned arms, see `Tuning.untuned`."""
    margin = "" if comparison.margin is None else f" by {comparison.margin:g}"
    claim = comparison.claim.replace("_", "-")
    estimate, low, high = (
        None if math.isnan(number) else number
        for number in (comparison.estimate, comparison.ci_low, comparison.ci_high)
    )
    return Finding(
        hypothesis=f"{comparison.contrast}, {claim}{margin}, {metric_label(comparison.metric)}",
        verdict=comparison.verdict,
        sentence=comparison.sentence,
        estimate=estimate,
        low=low,
        high=high,
    )


def _aligned(tuning: Tuning) -> dict[str, tuple[Trial, ...]]:
    """As many proposed trials of each arm that has any; random ones are those of equal number."""
    every = {name: proposed(arm) for name, arm in tuning.arms.items()}
    every = {name: trials for name, trials in every.items() if trials}
    if not every:
        return {}
    if tuning.sampler == "random":
        shared = set.intersection(*({one.number for one in own} for own in every.values()))
        return {a: tuple(t for t in own if t.number in shared) for a, own in every.items()}
    n = min(map(len, every.values()))
    return {name: trials[:n] for name, trials in every.items()}


def _ends_of_tuning(tuning: Tuning) -> tuple[dict[str, float], dict[str, float]]:
    """Each arm's validation score at the file's settings and at its best ones."""
    rows = arm_summaries(tuning)
    return {row.arm: row.at_default for row in rows}, {row.arm: row.best for row in rows}


def _curve(
    trials: Sequence[Trial],
    default: float,
    tuning: Tuning,
    confidence: float,
    rng: np.random.Generator,
) -> Floats:
    """One arm's score by budget, expected where that can be said, in the metric's own unit."""
    sign, scores = sign_of(tuning), scores_of(trials, tuning)
    if not exchangeable(tuning):
        return sign * incumbents(sign * default, scores)
    bounds = score_bounds(tuning)
    return sign * expected_best(scores, confidence=confidence, rng=rng, bounds=bounds).value


def _pair(
    contrast: Contrast,
    aligned: Mapping[str, Sequence[Trial]],
    tuning: Tuning,
    confidence: float,
    rng: np.random.Generator,
) -> tuple[AtBudget, ...]:
    """The differences of two arms with their intervals; empty where there is no such thing."""
    two = {weight: arm for arm, weight in contrast.weights.items()}
    if not exchangeable(tuning) or len(contrast.weights) != 2 or set(two) != {1.0, -1.0}:
        return ()
    control, treatment = aligned.get(two[-1.0], ()), aligned.get(two[1.0], ())
    if not control or not treatment:
        return ()
    sign = sign_of(tuning)
    found = expected_best_difference(
        scores_of(control, tuning),
        scores_of(treatment, tuning),
        confidence=confidence,
        rng=rng,
        bounds=score_bounds(tuning),
        paired=[one.params for one in control] == [one.params for one in treatment],
    )
    rows = zip(found.budgets, found.value, found.low, found.high, strict=True)
    return tuple(
        AtBudget(int(k), sign * float(value), *_ends(sign * float(low), sign * float(high)))
        for k, value, low, high in rows
    )


def _ends(one: float, other: float) -> tuple[float, float]:
    """In order, both NaN unless both are finite."""
    if not (math.isfinite(one) and math.isfinite(other)):
        return NAN, NAN
    return min(one, other), max(one, other)


def _weighted(contrast: Contrast, values: Mapping[str, float]) -> float:
    return math.fsum(w * values.get(arm, NAN) for arm, w in contrast.weights.items())
