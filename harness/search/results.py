"""What studies have found, as the value that an ablation uses and a report shows."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from harness.errors import ExperimentError
from harness.experiment.search import Choice, Search
from harness.experiment.tuning import ArmTuning, Trial, Tuning
from harness.search import budget
from harness.search.space import label
from harness.search.worker import ArmStudy

__all__ = ["arm_tuning", "missing_trials", "tuning_of"]

ENOUGH = 10
"""Complete trials from which on importances are shown."""


def tuning_of(studies: Mapping[str, ArmStudy], search: Search, metric: str, where: str) -> Tuning:
    """What the searches of all arms have found.

    Parameters
    ----------
    studies : mapping
        From arm name, in the plan's order.
    search : Search
        The experiment's section.
    metric : str
        What was optimized.
    where : str
        The storage, for people.
    """
    return Tuning(
        metric=metric,
        direction=search.direction_for(metric),
        sampler=search.sampler,
        pruner=search.pruner,
        seeds=search.seeds,
        storage=where,
        arms={name: arm_tuning(one) for name, one in studies.items()},
    )


def arm_tuning(arm_study: ArmStudy) -> ArmTuning:
    """What the search of one arm has found."""
    search, study = arm_study.search, arm_study.study
    trials = budget.counted(study.get_trials(), search.trials)
    if search.seconds is not None:
        trials = budget.begun_within(trials, search.seconds)
    complete = [one for one in trials if one.state is TrialState.COMPLETE]
    minimize = study.direction is optuna.study.StudyDirection.MINIMIZE
    # of equally good ones the first
    best = min(complete, key=lambda one: _goodness(one, minimize=minimize), default=None)
    return ArmTuning(
        study=study.study_name,
        space=search.space,
        trials=tuple(_trial(one, search) for one in trials),
        budget_trials=search.trials,
        budget_seconds=search.seconds,
        importances=_importances(complete, study.direction) if len(complete) >= ENOUGH else {},
        best=None if best is None else budget.origin_of(best),
        run_id=study.user_attrs.get("mlflow_run"),
    )


def missing_trials(studies: Mapping[str, ArmStudy]) -> None:
    """See that every arm has spent its budget and has a best trial.

    Raises
    ------
    ExperimentError
        One has not, so that arms would be compared after unequal searches.
    """
    for name, one in studies.items():
        now = one.count()
        if not one.is_spent():
            done = f"{now.done} of {one.search.trials} trials"
            if one.search.seconds is not None:
                done = f"{now.seconds:.0f} of {one.search.seconds:.0f} seconds"
            raise ExperimentError(
                "the search of an arm is not finished, so arms would be compared after unequal"
                " searches",
                where=f"arm {name}; study {one.study.study_name}",
                got=done,
                fix="run `harness search` with the same file, --set and --storage",
            )
        if arm_tuning(one).best is None:
            raise ExperimentError(
                "no trial of an arm has a score, so it has no best settings",
                where=f"arm {name}; study {one.study.study_name}",
                got=f"{now.done} trials without one",
                fix="look at why they failed (in MLflow, or with optuna-dashboard), change"
                " search.space, and search again",
            )


def _goodness(trial: FrozenTrial, *, minimize: bool) -> float:
    """Smaller is better."""
    value = math.nan if trial.value is None else trial.value
    return value if minimize else -value


def _trial(trial: FrozenTrial, search: Search) -> Trial:
    state = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned"}.get(
        trial.state, "failed"
    )
    value: float | None = trial.value if trial.state is TrialState.COMPLETE else None
    if trial.state is TrialState.PRUNED and trial.intermediate_values:
        value = trial.intermediate_values[max(trial.intermediate_values)]
    finite = value is not None and math.isfinite(value)
    return Trial.model_validate(
        {
            "number": budget.origin_of(trial),
            "params": {path: _meant(value, search, path) for path, value in trial.params.items()},
            "state": state,
            "value": value if finite else None,
            "seconds": trial.duration.total_seconds() if trial.duration else 0.0,
            "reason": trial.user_attrs.get(budget.REASON),
            "default": bool(trial.user_attrs.get(budget.DEFAULT)),
            "curve": [
                (step, value)
                for step, value in sorted(trial.intermediate_values.items())
                if math.isfinite(value)
            ],
            "run_id": trial.user_attrs.get("mlflow_run"),
        }
    )


def _meant(stored: Any, search: Search, path: str) -> Any:
    """The value that a stored one stands for."""
    dimension = search.space[path]
    if isinstance(dimension, Choice):
        return next(value for value in dimension.choices if label(value) == stored)
    return stored


def _importances(
    complete: Sequence[FrozenTrial], direction: optuna.study.StudyDirection
) -> dict[str, float]:
    """Of the trials that count; Optuna gives each path the same share where none matters."""
    study = optuna.create_study(direction=direction)
    study.add_trials(complete)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = optuna.importance.get_param_importances(study, normalize=False)
    whole = math.fsum(found.values())
    return {path: share / whole for path, share in found.items()} if whole > 0 else {}
