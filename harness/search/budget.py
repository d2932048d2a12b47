"""Which trials count: every try once, whoever began it, lost it and tried it again.

A trial counts when it has ended with a result or with a reason. One whose worker was killed or
interrupted has neither: it is put back into the queue with its settings, under its old number.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import optuna
from optuna.trial import FrozenTrial, TrialState

from harness.tracking.provenance import is_alive

__all__ = [
    "DEFAULT",
    "MOST_TRIES",
    "REASON",
    "SURPLUS",
    "TRIES",
    "Count",
    "count",
    "counted",
    "fail_dead",
    "is_surplus",
    "origin_of",
    "requeue_lost",
]

DEFAULT, REASON, SURPLUS = "default", "reason", "surplus"
"""User attributes of trials: the file's own settings; why it failed; more than the budget."""

TRIES, MOST_TRIES = "tries", 4
"""User attribute: the how-manieth try this is. A trial that killed as many workers is to blame."""

GRACE = timedelta(minutes=2)
"""A trial that does not even say who works on it after this time is lost."""

_DONE = (TrialState.COMPLETE, TrialState.PRUNED)
_OPEN = (TrialState.RUNNING, TrialState.WAITING)
_ORIGIN = "origin"


class Count(NamedTuple):
    """Where a study's budget stands.

    Attributes
    ----------
    done, running : int
        Trials that have ended and count, and trials that somebody works on.
    waiting : int
        Trials that were put back and wait for a worker.
    seconds : float
        Wall time of those that have ended.
    """

    done: int
    running: int
    waiting: int
    seconds: float


def origin_of(trial: FrozenTrial) -> int:
    """A trial's number, or that of the first try if it is another one."""
    number: int = trial.user_attrs.get(_ORIGIN, trial.number)
    return number


def counted(trials: Iterable[FrozenTrial], budget: int | None) -> list[FrozenTrial]:
    """Trials that have ended and count in the budget, by the number of their first try."""
    return [one for one in _members(trials, budget) if one.state not in _OPEN]


def count(trials: Iterable[FrozenTrial], budget: int | None) -> Count:
    """Where the budget stands; `budget` in trials, None if it is in seconds."""
    members = _members(trials, budget)
    done = [one for one in members if one.state not in _OPEN]
    running = sum(one.state is TrialState.RUNNING for one in members)
    spent = sum(one.duration.total_seconds() for one in done if one.duration is not None)
    return Count(len(done), running, len(members) - len(done) - running, spent)


def is_surplus(trials: Iterable[FrozenTrial], number: int, budget: int | None) -> bool:
    """Whether two workers began the last trial of a budget at once, and this is the other one."""
    return number not in {one.number for one in _members(trials, budget)}


def fail_dead(study: optuna.Study) -> None:
    """Fail, without a reason, the trials whose process on this host is gone."""
    now = datetime.now()
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        began = trial.datetime_start
        silent = began is not None and now - began > GRACE
        tags = {key: str(value) for key, value in trial.user_attrs.items()}
        known = any(key.startswith("harness.") for key in tags)
        if not is_alive(tags) if known else silent:
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)


def requeue_lost(study: optuna.Study) -> int:
    """Put trials that were lost back into the queue; returns how many.

    If two workers do it at once, only one of the new tries counts.
    """
    trials = study.get_trials(deepcopy=False)
    alive = {_key(one) for one in trials if _counts(one) or one.state in _OPEN}
    lost = {_key(one): one for one in trials if _is_lost(one) and _key(one) not in alive}
    for one in lost.values():
        keep = {DEFAULT: True} if one.user_attrs.get(DEFAULT) else {}
        tries = 1 + sum(_key(other) == _key(one) for other in trials)
        study.add_trial(
            optuna.create_trial(
                state=TrialState.WAITING,
                params=one.params,
                distributions=one.distributions,
                user_attrs={**keep, _ORIGIN: origin_of(one), TRIES: tries},
                system_attrs={
                    key: value for key, value in one.system_attrs.items() if key == "fixed_params"
                },
            )
        )
    return len(lost)


def _members(trials: Iterable[FrozenTrial], budget: int | None) -> list[FrozenTrial]:
    """Of each try one trial, by its number, as many as the budget has."""
    chosen: dict[int, FrozenTrial] = {}
    for one in sorted(trials, key=lambda trial: trial.number):
        if _counts(one):
            if not _counts(chosen.get(_key(one))):
                chosen[_key(one)] = one
        elif one.state in _OPEN:
            chosen.setdefault(_key(one), one)
    members = sorted(chosen.values(), key=_key)
    return members if budget is None else members[:budget]


def _key(trial: FrozenTrial) -> int:
    """What makes two trials the same try; the file's own settings are tried once."""
    return -1 if trial.user_attrs.get(DEFAULT) else origin_of(trial)


def _counts(trial: FrozenTrial | None) -> bool:
    if trial is None:
        return False
    return trial.state in _DONE or (trial.state is TrialState.FAIL and REASON in trial.user_attrs)


def _is_lost(trial: FrozenTrial) -> bool:
    attrs = trial.user_attrs
    return trial.state is TrialState.FAIL and REASON not in attrs and SURPLUS not in attrs
