"""Which trials count: every try once, whoever began it, lost it and tried it again.

A trial counts when it has ended with a result or with a reason. One whose worker was killed or
interrupted has neither: it is put back into the queue with its settings. Optuna gives each try a
number of its own, so that those of a search that was interrupted would differ from those of one
that was not. Here a trial that was put back keeps the number it counts under, and the next one
goes on from there: whatever happens to its workers, a search of 12 trials has the numbers 0 to 11.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from harness.tracking.provenance import is_alive

__all__ = [
    "COUNTS_AS",
    "DEFAULT",
    "MOST_TRIES",
    "REASON",
    "TRIES",
    "UNTRIED",
    "WORKER",
    "Count",
    "begun_within",
    "count",
    "counted",
    "fail_dead",
    "is_surplus",
    "numbers",
    "origin_of",
    "requeue_lost",
]

DEFAULT, REASON, WORKER = "default", "reason", "worker"
"""User attributes of trials: the file's own settings; why it failed; the process at work."""

COUNTS_AS = "counts_as"
"""User attribute: the number that a trial counts under."""

TRIES, MOST_TRIES = "tries", 4
"""User attribute: the how-manieth try this is. A trial that killed as many workers is to blame."""

UNTRIED = "untried"
"""User attribute: it ended early, and its settings are not to blame: it was not needed, or its
worker was told to stop."""

GRACE = timedelta(minutes=2)
"""A trial that does not even say who works on it after this time is lost."""

_DONE = (TrialState.COMPLETE, TrialState.PRUNED)
_OPEN = (TrialState.RUNNING, TrialState.WAITING)


class Count(NamedTuple):
    """Where a study's budget stands.

    Attributes
    ----------
    done, running : int
        Trials that have ended and count, and trials that somebody works on.
    waiting : int
        Trials that were lost or put back, and wait for a worker.
    seconds : float
        Wall time of those that have ended.
    """

    done: int
    running: int
    waiting: int
    seconds: float


def origin_of(trial: FrozenTrial) -> int:
    """The number that a trial counts under, once a worker has begun it."""
    number: int = trial.user_attrs.get(COUNTS_AS, trial.number)
    return number


def numbers(trials: Iterable[FrozenTrial]) -> dict[int, int]:
    """The number that each trial counts under, by its own.

    Tries of the same settings share it, and so do the file's own settings, which two workers may
    both have put into the queue. It depends on what every trial had when it was made, and so all
    workers agree on it at any time.

    Parameters
    ----------
    trials : iterable of FrozenTrial
        All of a study.
    """
    found: dict[int, int] = {}
    default: int | None = None
    following = 0
    for one in sorted(trials, key=lambda trial: trial.number):
        if TRIES in one.user_attrs:  # it was put back
            found[one.number] = one.user_attrs[COUNTS_AS]
        elif one.user_attrs.get(DEFAULT) and default is not None:
            found[one.number] = default
        else:
            found[one.number] = following
            default = following if one.user_attrs.get(DEFAULT) else default
            following += 1
    return found


def counted(trials: Iterable[FrozenTrial], budget: int | None) -> list[FrozenTrial]:
    """Trials that have ended and count in the budget, by the number they count under."""
    return [one for one in _members(trials, budget).values() if _counts(one)]


def begun_within(ended: Iterable[FrozenTrial], seconds: float) -> list[FrozenTrial]:
    """Of trials by number, those that one worker would have begun in so much time.

    The others are what several workers had under way when it was spent, or what an earlier,
    larger budget has left: other arms had no such trials.
    """
    found, spent = [], 0.0
    for one in ended:
        if spent < seconds:
            found.append(one)
        spent += _seconds(one)
    return found


def count(trials: Iterable[FrozenTrial], budget: int | None) -> Count:
    """Where the budget stands; `budget` in trials, None if it is in seconds."""
    members = _members(trials, budget).values()
    done = [one for one in members if _counts(one)]
    running = sum(one.state is TrialState.RUNNING for one in members)
    return Count(len(done), running, len(members) - len(done) - running, sum(map(_seconds, done)))


def is_surplus(trials: Iterable[FrozenTrial], number: int, budget: int | None) -> bool:
    """Whether a trial that a worker has begun is not the one that decides.

    Two workers began the last trial of a budget, or the same one, at once; or this worker was
    taken for dead already.
    """
    members = _members(trials, budget).values()
    return not any(one.number == number and one.state in _OPEN for one in members)


def fail_dead(study: optuna.Study) -> None:
    """Fail, without a reason, the trials whose process on this host is gone."""
    now = datetime.now()
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        process, began = trial.user_attrs.get(WORKER), trial.datetime_start
        silent = began is not None and now - began > GRACE
        if silent if process is None else not is_alive(process):
            with contextlib.suppress(UpdateFinishedTrialError):  # another worker saw it too
                study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)


def requeue_lost(study: optuna.Study, budget: int | None) -> int:
    """Put the trials of the budget that were lost back into the queue; returns how many.

    If two workers do it at once, only one of the new tries counts.
    """
    trials = study.get_trials(deepcopy=False)
    own = numbers(trials)
    lost = {
        number: one
        for number, one in _members(trials, budget).items()
        if not _counts(one) and one.state not in _OPEN
    }
    for number, one in lost.items():
        keep = {DEFAULT: True} if one.user_attrs.get(DEFAULT) else {}
        tried = [t for t in trials if own[t.number] == number and UNTRIED not in t.user_attrs]
        study.add_trial(
            optuna.create_trial(
                state=TrialState.WAITING,
                params=one.params,
                distributions=one.distributions,
                user_attrs={**keep, COUNTS_AS: number, TRIES: 1 + len(tried)},
                system_attrs={
                    key: value for key, value in one.system_attrs.items() if key == "fixed_params"
                },
            )
        )
    return len(lost)


def _members(trials: Iterable[FrozenTrial], budget: int | None) -> dict[int, FrozenTrial]:
    """By number, the try that decides: one that has ended, else an open one, else the last."""
    trials = sorted(trials, key=lambda trial: trial.number)
    own = numbers(trials)
    chosen: dict[int, FrozenTrial] = {}
    for one in trials:
        number = own[one.number]
        if budget is not None and number >= budget:
            continue
        before = chosen.get(number)
        if before is None or _rank(one) > _rank(before) or not _rank(before):
            chosen[number] = one
    return dict(sorted(chosen.items()))


def _seconds(trial: FrozenTrial) -> float:
    """Wall time, a second at least: else trials that fail at once would go on for as long."""
    return 0.0 if trial.duration is None else max(1.0, trial.duration.total_seconds())


def _rank(trial: FrozenTrial) -> int:
    return 2 if _counts(trial) else int(trial.state in _OPEN)


def _counts(trial: FrozenTrial) -> bool:
    failed = trial.state is TrialState.FAIL and REASON in trial.user_attrs
    return trial.state in _DONE or failed
