"""What counts in a budget, on trials in every state."""

from __future__ import annotations

import socket
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState

from harness.search import budget
from harness.tracking.provenance import process_tags

FAIL, COMPLETE, PRUNED = TrialState.FAIL, TrialState.COMPLETE, TrialState.PRUNED
RUNNING, WAITING = TrialState.RUNNING, TrialState.WAITING
WHY = {budget.REASON: "out of memory"}
DEAD = process_tags() | {"harness.pid": "4194305"}  # above the largest that Linux hands out


def again(number: int, tries: int = 2) -> dict[str, Any]:
    return {budget.COUNTS_AS: number, budget.TRIES: tries}


def study_of(*trials: tuple[TrialState, dict[str, Any]]) -> optuna.Study:
    study = optuna.create_study()
    for state, attrs in trials:
        value = 1.0 if state is COMPLETE else None
        study.add_trial(optuna.create_trial(state=state, value=value, user_attrs=attrs))
    return study


def test_numbers_have_no_gaps() -> None:
    default = {budget.DEFAULT: True}
    study = study_of(
        (COMPLETE, default),
        (WAITING, default),  # of another worker who started at the same moment
        (FAIL, {}),
        (COMPLETE, {}),
        (COMPLETE, again(1)),
        (COMPLETE, {}),
        (FAIL, again(0) | default),
        (COMPLETE, {}),
    )
    own = budget.numbers(study.get_trials())
    assert [own[number] for number in range(8)] == [0, 0, 1, 2, 1, 3, 0, 4]


def test_a_try_counts_once_and_a_lost_one_keeps_its_place() -> None:
    trials = study_of(
        (FAIL, {}),  # lost, and tried again with success
        (COMPLETE, {}),
        (FAIL, WHY),
        (PRUNED, {}),
        (FAIL, {}),  # lost
        (RUNNING, {}),
        (COMPLETE, again(0)),
        (WAITING, again(0)),  # put back twice
        (COMPLETE, {}),  # number 6, more than the budget
    ).get_trials()
    assert [one.number for one in budget.counted(trials, 6)] == [6, 1, 2, 3]
    assert budget.count(trials, 6)[:3] == (4, 1, 1)
    assert [one.number for one in budget.counted(trials, 2)] == [6, 1]
    assert [one.number for one in budget.counted(trials, None)] == [6, 1, 2, 3, 8]


def test_the_last_trial_begun_twice() -> None:
    trials = study_of(
        (COMPLETE, {}), (RUNNING, {}), (RUNNING, {}), (RUNNING, again(1))
    ).get_trials()
    assert [budget.is_surplus(trials, number, 2) for number in (1, 2, 3)] == [False, True, True]
    assert [budget.is_surplus(trials, number, 3) for number in (1, 2, 3)] == [False, False, True]


def test_lost_trials_are_put_back_with_their_settings() -> None:
    study = study_of((COMPLETE, {}))
    study.enqueue_trial({"x": 0.25}, user_attrs={budget.DEFAULT: True})
    lost = study.ask()
    lost.suggest_float("x", 0, 1)
    study.tell(lost, state=FAIL)
    kept = study.ask()
    kept.suggest_float("x", 0, 1)
    study.tell(kept, state=FAIL)
    study.add_trial(optuna.create_trial(state=FAIL))  # beyond the budget
    assert budget.requeue_lost(study, 3) == 2
    assert budget.requeue_lost(study, 3) == 0
    back = study.get_trials(states=(WAITING,))
    assert [one.params for one in back] == [lost.params, kept.params]
    assert [one.user_attrs for one in back] == [again(1) | {budget.DEFAULT: True}, again(2)]
    assert budget.requeue_lost(study, 4) == 1


def test_only_tries_that_cost_a_worker_count_as_tries() -> None:
    untried = {budget.UNTRIED: True}
    study = study_of((FAIL, {}), (FAIL, again(0) | untried), (FAIL, again(0) | untried))
    budget.requeue_lost(study, 1)
    assert study.trials[-1].user_attrs == again(0, tries=2)


@pytest.mark.parametrize(
    ("worker", "state"),
    [
        (DEAD, FAIL),
        (DEAD | {"harness.host": socket.gethostname() + "-two"}, RUNNING),
        (process_tags(), RUNNING),
        (process_tags() | {"harness.pid_started": "1"}, FAIL),  # its id belongs to another one now
        (None, RUNNING),
    ],
    ids=["dead", "elsewhere", "alive", "id again", "just begun"],
)
def test_dead_workers_are_known_by_their_process(worker, state) -> None:
    study = optuna.create_study()
    trial = study.ask()
    if worker is not None:
        trial.set_user_attr(budget.WORKER, worker)
    budget.fail_dead(study)
    assert study.trials[0].state is state


def test_a_trial_that_never_said_who_works_on_it(monkeypatch) -> None:
    study = optuna.create_study()
    study.ask()
    monkeypatch.setattr(budget, "GRACE", budget.timedelta(0))
    budget.fail_dead(study)
    assert study.trials[0].state is FAIL
