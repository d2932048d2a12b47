"""What the searches of the arms found, as the numbers that the report shows.

From a `Tuning` to counts, scores and edges of the space, all of them about validation items. What
tuning does to a contrast is in `reports.sensitivity`, the words are in `reports.sections.search`.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.experiment.search import Choice, Dimension
from harness.experiment.tuning import ArmTuning, Trial, Tuning
from harness.metrics import METRICS
from reports.statistics.budget import best_so_far

__all__ = [
    "ArmSummary",
    "Edge",
    "Unlike",
    "arm_summaries",
    "budget_text",
    "edges",
    "exchangeable",
    "incumbents",
    "proposed",
    "score_bounds",
    "scores_of",
    "sign_of",
    "unlike",
]

Floats: TypeAlias = NDArray[np.float64]
NAN = math.nan

NEAR = 0.02
"""A value within this share of its range from an end is called on the edge."""


class Edge(NamedTuple):
    """A setting at an end of its range: `low` or `high`."""

    path: str
    end: Literal["low", "high"]


class ArmSummary(NamedTuple):
    """One arm's search.

    Attributes
    ----------
    arm : str
    n_complete, n_pruned, n_failed : int
        Trials by how they ended; all of them count in the budget.
    seconds : float
        Wall time of all trials.
    at_default, best : float
        Validation score of the file's own settings, and of the best ones; NaN is unknown.
    in_space : bool
        Whether the file's own settings were a trial.
    params : mapping of str to value
        The best settings by dotted path.
    is_default : bool
        Whether these are the file's own.
    edges : tuple of Edge
        Of the best settings.
    """

    arm: str
    n_complete: int
    n_pruned: int
    n_failed: int
    seconds: float
    at_default: float
    best: float
    in_space: bool
    params: Mapping[str, Any]
    is_default: bool
    edges: tuple[Edge, ...]


class Unlike(NamedTuple):
    """How one arm's search differs from that of most arms.

    Attributes
    ----------
    arm : str
    budget, usual : str
        Its own budget and the usual one in words; empty if they are the same.
    paths : tuple of str
        Where its space differs.
    """

    arm: str
    budget: str
    usual: str
    paths: tuple[str, ...]


def sign_of(tuning: Tuning) -> float:
    """What a value is multiplied by so that larger is better."""
    return 1.0 if tuning.direction == "maximize" else -1.0


def score_bounds(tuning: Tuning) -> tuple[float, float]:
    """Between what the values, times `sign_of`, can be."""
    low, high = 0.0, METRICS[tuning.metric].highest if tuning.metric in METRICS else math.inf
    return (low, high) if sign_of(tuning) > 0 else (-high, -low)


def exchangeable(tuning: Tuning) -> bool:
    """Whether the trials are independent draws of which none was given up for another's sake."""
    return tuning.sampler == "random" and tuning.pruner == "none"


def proposed(arm: ArmTuning) -> tuple[Trial, ...]:
    """The trials that the sampler proposed: all but the file's own settings."""
    return tuple(one for one in arm.trials if not one.default)


def scores_of(trials: Sequence[Trial], tuning: Tuning) -> Floats:
    """Final scores, larger is better; NaN for a trial that was pruned or failed.

    Returns
    -------
    ndarray, shape (n_trials,)
        Within `score_bounds`, which rounding may have passed by a last digit.
    """
    scores = np.array([sign_of(tuning) * _final(one) for one in trials], dtype=float)
    return np.asarray(np.clip(scores, *score_bounds(tuning)), dtype=np.float64)


def incumbents(default: float, scores: Floats) -> Floats:
    """The best so far after each trial, the file's own settings being there from the start.

    Parameters
    ----------
    default : float
        Score of the file's own settings, larger is better; NaN where they are not in the space.
    scores : ndarray, shape (n,)

    Returns
    -------
    ndarray, shape (n,)
    """
    return best_so_far(np.array([default, *scores]))[1:]


def edges(params: Mapping[str, Any], space: Mapping[str, Dimension]) -> Iterator[Edge]:
    """The settings at an end of their range, where the space could be widened.

    A number without steps is there within `NEAR` of the range, on the scale it is sampled on; a
    whole number or a multiple of a step only at the end itself. A choice never is.
    """
    for path, value in params.items():
        dimension = space.get(path)
        if dimension is None or isinstance(dimension, Choice):
            continue
        place, near = _place(dimension, value)
        if place <= near:
            yield Edge(path, "low")
        elif place >= 1 - near:
            yield Edge(path, "high")


def arm_summaries(tuning: Tuning) -> tuple[ArmSummary, ...]:
    """What each arm's search did and found, in the plan's order."""
    rows = []
    for name, arm in tuning.arms.items():
        best, default = arm.best_trial, arm.default_trial
        states = Counter(one.state for one in arm.trials)
        params = best.params if best else {}
        rows.append(
            ArmSummary(
                name,
                states["complete"],
                states["pruned"],
                states["failed"],
                math.fsum(one.seconds for one in arm.trials),
                _final(default),
                _final(best),
                default is not None,
                params,
                best is not None and best.default,
                tuple(edges(params, arm.space)),
            )
        )
    return tuple(rows)


def budget_text(arm: ArmTuning) -> str:
    """What an arm was given, such as `20 trials`; of an unfinished search also what it had."""
    n_trials = len(arm.trials)
    if arm.budget_seconds is not None and arm.budget_trials is None:
        return f"{arm.budget_seconds:,.0f} seconds"
    planned = n_trials if arm.budget_trials is None else arm.budget_trials
    had = f"{n_trials} of " if n_trials < planned else ""
    return f"{had}{planned} trial{'' if planned == 1 else 's'}"


def unlike(tuning: Tuning) -> tuple[Unlike, ...]:
    """The arms whose budget or space is not that of most arms (of the first ones in a tie)."""
    budgets = {name: budget_text(arm) for name, arm in tuning.arms.items()}
    spaces = {name: _space_text(arm) for name, arm in tuning.arms.items()}
    usual = Counter(budgets.values()).most_common(1)
    common = Counter(spaces.values()).most_common(1)
    rows = []
    for name in tuning.arms:
        another = budgets[name] != usual[0][0]
        own, others = json.loads(spaces[name]), json.loads(common[0][0])
        paths = tuple(path for path in {**others, **own} if own.get(path) != others.get(path))
        if another or paths:
            texts = (budgets[name], usual[0][0]) if another else ("", "")
            rows.append(Unlike(name, *texts, paths))
    return tuple(rows)


def _final(trial: Trial | None) -> float:
    if trial is None or trial.state != "complete" or trial.value is None:
        return NAN
    return trial.value


def _place(dimension: Dimension, value: Any) -> tuple[float, float]:
    """Where a value is in its range, from 0 to 1, and how near to an end counts as there."""
    assert not isinstance(dimension, Choice)  # the caller's rule
    low, high = float(dimension.low), float(dimension.high)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return NAN, 0.0
    if dimension.step:
        high = low + dimension.step * math.floor((high - low) / dimension.step + 1e-8)
        return (value - low) / (high - low) if high > low else NAN, 1e-8
    if dimension.log:
        low, high, value = math.log(low), math.log(high), math.log(value) if value > 0 else NAN
    return (value - low) / (high - low), NEAR


def _space_text(arm: ArmTuning) -> str:
    space = {path: one.model_dump(mode="json") for path, one in arm.space.items()}
    return json.dumps(space, sort_keys=True, default=str)
