"""A worker: takes trial after trial of a study until its budget is spent.

Any number of workers, in any number of processes and on any machine that reaches the storage,
may work on one study; none of them is special.
"""

from __future__ import annotations

import contextlib
import math
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import optuna
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.trial import TrialState

from harness.errors import ExperimentError, TrackingError
from harness.experiment import Arm
from harness.experiment.search import Direction, Search
from harness.search import budget
from harness.search.samplers import PRUNERS, SAMPLERS, NumberedSampler
from harness.search.space import default_params, suggest
from harness.search.storage import beating, explained
from harness.tracking import reason_of
from harness.tracking.provenance import process_tags

__all__ = ["ArmStudy", "Ask", "Objective", "open_study", "work_on"]

_WAIT = 2.0  # seconds between looks at what other workers do

Objective = Callable[["Ask"], float]
"""Trains and scores a trial's settings; raises `optuna.TrialPruned` if it is given up."""


@dataclass(frozen=True)
class ArmStudy:
    """An arm with its Optuna study.

    Attributes
    ----------
    arm : Arm
    search : Search
        What is searched in this arm, from `Search.for_arm`.
    study : optuna.Study
    """

    arm: Arm
    search: Search
    study: optuna.Study

    def count(self) -> budget.Count:
        """Where the budget stands."""
        return budget.count(self.study.get_trials(deepcopy=False), self.search.trials)

    def is_spent(self) -> bool:
        """Whether no trial is to begin or to be waited for any more."""
        now = self.count()
        return not now.running and not now.waiting and not _may_begin(now, self.search)


class Ask(NamedTuple):
    """What a trial is asked to do.

    Attributes
    ----------
    trial : optuna.Trial
    number : int
        The one it counts under.
    params : mapping
        Its settings by dotted path.
    """

    trial: optuna.Trial
    number: int
    params: Mapping[str, Any]


def open_study(
    storage: BaseStorage,
    name: str,
    arm: Arm,
    search: Search,
    direction: Direction,
    *,
    must_exist: bool = False,
) -> ArmStudy:
    """The study of an arm, made if there is none of this name.

    Raises
    ------
    ExperimentError
        With `must_exist`: there is none.
    """
    sampler = NumberedSampler(SAMPLERS[search.sampler], search.sampler_seed)
    pruner = PRUNERS[search.pruner]()
    if must_exist:
        try:
            study = optuna.load_study(
                study_name=name, storage=storage, sampler=sampler, pruner=pruner
            )
        except KeyError:
            raise _not_searched(storage, name, arm) from None
        return ArmStudy(arm, search, study)
    study = optuna.create_study(
        storage=storage,
        study_name=name,
        direction=direction,
        sampler=sampler,
        pruner=pruner,
        load_if_exists=True,
    )
    if not study.get_trials(deepcopy=False):
        own = default_params(arm, search.space)
        if own is not None:
            study.enqueue_trial(own, user_attrs={budget.DEFAULT: True})
    return ArmStudy(arm, search, study)


def _not_searched(storage: BaseStorage, name: str, arm: Arm) -> ExperimentError:
    """Nothing was searched under this identity; maybe under another one."""
    start = name.rpartition(" / ")[0]
    others = [one for one in optuna.get_all_study_names(storage) if one.startswith(f"{start} / ")]
    return ExperimentError(
        "this arm was not searched with these settings, data, model and code",
        where=f"arm {arm.name}; study {name}",
        got=f"other searches of it: {', '.join(others)}" if others else "no search of this arm",
        fix="run `harness search` with the same file, --set and --storage; what was tuned with"
        " something else is not the best here",
    )


def work_on(
    arm_study: ArmStudy, objective: Objective, waiting: Callable[[int], None] = lambda n: None
) -> None:
    """Take trials of a study until none is left, and none that might have to be taken over.

    Parameters
    ----------
    arm_study : ArmStudy
    objective : callable
        What fails in it, for whatever reason but one, is a failed trial with that reason.
    waiting : callable, optional
        Told how many trials other workers are at, when nothing but waiting is left to do.

    Raises
    ------
    TrackingError
        The storage failed, or the tracking store did in the objective. No settings are to blame
        for that, so the trial does not count and is tried again.
    """
    told = 0
    while True:
        with explained(arm_study.study.study_name):
            _look_after(arm_study)
            now = arm_study.count()
        if now.waiting or _may_begin(now, arm_study.search):
            _try_one(arm_study, objective)
        elif now.running:
            if now.running != told:
                waiting(now.running)
            told = now.running
            time.sleep(_WAIT)
        else:
            return


def _may_begin(now: budget.Count, search: Search) -> bool:
    if search.seconds is not None:
        return now.seconds < search.seconds
    return now.done + now.running + now.waiting < (search.trials or 0)


def _look_after(arm_study: ArmStudy) -> None:
    """Take note of dead workers, and put back what they left."""
    budget.fail_dead(arm_study.study)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        optuna.storages.fail_stale_trials(arm_study.study)
    budget.requeue_lost(arm_study.study, arm_study.search.trials)


def _try_one(arm_study: ArmStudy, objective: Objective) -> None:
    """See a trial to its end, be it one that waits or a new one.

    Not by `Study.optimize`: that ends in an error of its own if another worker took this one for
    dead meanwhile (a machine that slept), and leaves a trial open that `SystemExit` ends.
    """
    study = arm_study.study
    with explained(study.study_name):
        trial = _asked(study)
        _note(trial, budget.WORKER, process_tags())
        try:
            with beating(study, trial):
                value = _outcome(trial, arm_study, objective)
        except optuna.TrialPruned:
            _tell(study, trial, TrialState.PRUNED)
        except (KeyboardInterrupt, SystemExit, TrackingError):
            _note(trial, budget.UNTRIED, True)
            _tell(study, trial, TrialState.FAIL)
            raise
        else:
            _tell(study, trial, TrialState.FAIL if value is None else TrialState.COMPLETE, value)


def _asked(study: optuna.Study) -> optuna.Trial:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Heartbeat of storage")  # it beats here too
        return study.ask()


def _outcome(trial: optuna.Trial, arm_study: ArmStudy, objective: Objective) -> float | None:
    """The value of a trial; None if it has failed, and why is noted if that counts."""
    study, search = arm_study.study, arm_study.search
    trials = study.get_trials(deepcopy=False)
    if budget.is_surplus(trials, trial.number, search.trials):
        _note(trial, budget.UNTRIED, True)
        return None
    number = budget.numbers(trials)[trial.number]
    _note(trial, budget.COUNTS_AS, number)
    if trial.user_attrs.get(budget.TRIES, 1) > budget.MOST_TRIES:
        _note(trial, budget.REASON, f"its worker was killed {budget.MOST_TRIES} times")
        return None
    try:
        value = objective(Ask(trial, number, suggest(trial, search.space)))
    except (optuna.TrialPruned, TrackingError, StorageInternalError):
        raise
    except Exception as error:
        _note(trial, budget.REASON, reason_of(error))
        return None
    if math.isfinite(value):
        return value
    _note(trial, budget.REASON, "its validation score is not a number")
    return None


def _note(trial: optuna.Trial, key: str, value: Any) -> None:
    """Write to a trial, unless another worker took this one for dead and ended it."""
    with contextlib.suppress(UpdateFinishedTrialError):
        trial.set_user_attr(key, value)


def _tell(
    study: optuna.Study, trial: optuna.Trial, state: TrialState, value: float | None = None
) -> None:
    with contextlib.suppress(UpdateFinishedTrialError):
        study.tell(trial, value, state, skip_if_finished=True)
