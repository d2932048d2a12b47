"""What happens to a trial, and that workers who share a study spend its budget exactly."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import optuna
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from optuna.storages import InMemoryStorage
from optuna.trial import TrialState

from harness.errors import ExperimentError, TrackingError
from harness.search import budget, worker
from harness.search.results import arm_tuning
from harness.search.worker import Ask, work_on
from tests.search.interleaving import Stage, SwitchingStorage

RATE, BATCH = "training.learning_rate", "training.batch_size"
OWN = {RATE: 0.01, BATCH: 16}


def score(ask: Ask) -> float:
    return ask.params[RATE] * ask.params[BATCH]


def settings_of(arm) -> dict[int, dict[str, Any]]:
    return {one.number: one.params for one in arm_tuning(arm).trials}


def killed_at(*numbers: int, how: type[BaseException] = SystemError):
    """An objective whose worker ends at its first try of these trials."""
    left = {*numbers}

    def objective(ask: Ask) -> float:
        if ask.number in left:
            left.remove(ask.number)
            raise how
        return score(ask)

    return objective


@pytest.fixture
def undisturbed(open_arm) -> dict[int, dict[str, Any]]:
    """The settings of 20 trials that one worker tried."""
    arm = open_arm(InMemoryStorage(), trials=20)
    work_on(arm, score)
    return settings_of(arm)


def test_the_first_trial_is_the_files_own_settings(undisturbed) -> None:
    assert undisturbed[0] == OWN
    assert [*undisturbed] == [*range(20)]
    assert len({one[RATE] for one in undisturbed.values()}) == 20


@pytest.mark.parametrize("how", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_trial_is_put_back(open_arm, journal, undisturbed, how) -> None:
    for number in (0, 2, 2, 2, 2, 2, 2):  # more often than a trial may kill its worker
        with pytest.raises(how):
            work_on(open_arm(journal(), trials=5), killed_at(number, how=how))
    arm = open_arm(journal(), trials=5)
    assert not arm.study.get_trials(states=(TrialState.RUNNING,))
    assert not arm.is_spent()
    work_on(arm, score)
    assert settings_of(arm) == dict(itertools.islice(undisturbed.items(), 5))
    assert all(one.state == "complete" for one in arm_tuning(arm).trials)
    assert arm_tuning(arm).default_trial.number == 0


def test_a_worker_that_dies_between_two_settings(open_arm, undisturbed, monkeypatch) -> None:
    """What it had chosen is kept, and the rest is as it would have been."""
    monkeypatch.setattr(budget, "is_alive", lambda process: False)
    storage = InMemoryStorage()
    arm = open_arm(storage, trials=3)
    work_on(open_arm(storage, trials=2), score)
    trial = arm.study.ask()
    worker._note(trial, budget.WORKER, {})
    trial.suggest_float(RATE, 1e-4, 1.0, log=True)
    work_on(arm, score)
    assert settings_of(arm)[2] == undisturbed[2]


def test_a_raised_budget_goes_on(open_arm, journal, undisturbed) -> None:
    work_on(open_arm(journal(), trials=3), score)
    arm = open_arm(journal(), trials=6)
    assert not arm.is_spent()
    asked: list[int] = []
    work_on(arm, lambda ask: asked.append(ask.number) or score(ask))
    assert asked == [3, 4, 5]
    assert settings_of(arm) == dict(itertools.islice(undisturbed.items(), 6))
    assert len(arm_tuning(open_arm(journal(), trials=2)).trials) == 2


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_a_number_is_a_failed_trial(open_arm, value) -> None:
    arm = open_arm(InMemoryStorage(), trials=3)
    work_on(arm, lambda ask: value if ask.number == 1 else score(ask))
    failed = arm_tuning(arm).trials[1]
    assert (failed.state, failed.value) == ("failed", None)
    assert failed.reason == "its validation score is not a number"


def test_failed_and_pruned_trials_count(open_arm) -> None:
    def objective(ask: Ask) -> float:
        if ask.number == 1:
            raise ValueError("out of luck\nand more")
        ask.trial.report(7.0, 1)
        if ask.number == 2:
            raise optuna.TrialPruned
        return score(ask)

    arm = open_arm(InMemoryStorage(), trials=4)
    work_on(arm, objective)
    trials = arm_tuning(arm).trials
    assert [one.state for one in trials] == ["complete", "failed", "pruned", "complete"]
    assert trials[1].reason == "ValueError: out of luck"
    assert trials[2].value == 7.0
    assert arm.is_spent()
    assert len(arm.study.get_trials()) == 4


def test_a_budget_of_seconds(open_arm, monkeypatch) -> None:
    arm = open_arm(InMemoryStorage(), seconds=60)
    # 25 s each: two are not enough, and the third is finished
    took = property(lambda one: worker.budget.timedelta(seconds=25))
    monkeypatch.setattr(optuna.trial.FrozenTrial, "duration", took)
    with pytest.raises(KeyboardInterrupt):
        work_on(arm, killed_at(1, how=KeyboardInterrupt))
    work_on(arm, score)
    assert [one.number for one in arm_tuning(arm).trials] == [0, 1, 2]


def test_a_trial_that_kills_its_workers_is_given_up(open_arm, monkeypatch) -> None:
    class Kill(BaseException):
        pass

    def objective(ask: Ask) -> float:
        if ask.number == 1:
            begun.append(ask.params)
            raise Kill
        return score(ask)

    begun: list[object] = []
    monkeypatch.setattr(budget, "is_alive", lambda process: False)
    storage = InMemoryStorage()
    for _ in range(budget.MOST_TRIES):
        with pytest.raises(Kill):
            work_on(open_arm(storage, trials=3), objective)
    arm = open_arm(storage, trials=3)
    work_on(arm, objective)
    given_up = arm_tuning(arm).trials[1]
    assert given_up.reason == "its worker was killed 4 times"
    assert begun == [given_up.params] * 4
    assert [one.state for one in arm_tuning(arm).trials] == ["complete", "failed", "complete"]


def test_a_failing_tracking_store_is_no_failed_trial(open_arm) -> None:
    arm = open_arm(InMemoryStorage(), trials=3)

    def objective(ask: Ask) -> float:
        if ask.number == 1:
            raise TrackingError("the tracking store failed", where="here")
        return score(ask)

    with pytest.raises(TrackingError):
        work_on(arm, objective)
    work_on(arm, score)
    assert [one.state for one in arm_tuning(arm).trials] == ["complete"] * 3


def test_a_worker_that_was_taken_for_dead_goes_on(open_arm, journal) -> None:
    """Its machine slept: another one has taken its trial, and has a result."""
    seen: list[int] = []

    def slept(ask: Ask) -> float:
        seen.append(ask.number)
        if seen == [0, 1]:
            other = open_arm(journal(), trials=4)
            other.study.tell(ask.trial.number, state=TrialState.FAIL)
            work_on(other, lambda again: 1000.0 + again.number)
            ask.trial.report(1.0, 1)  # which is refused
        return score(ask)

    arm = open_arm(journal(), trials=4)
    work_on(arm, slept)
    assert seen == [0, 1]
    assert [one.value for one in arm_tuning(arm).trials][1:] == [1001.0, 1002.0, 1003.0]


def test_a_study_that_must_exist(open_arm) -> None:
    storage = InMemoryStorage()
    arm = open_arm(storage, "small / question / 0123")
    with pytest.raises(ExperimentError, match="no search of this arm"):
        worker.open_study(storage, "x / y / 1", arm.arm, arm.search, "minimize", must_exist=True)
    name = "small / question / 4567"
    with pytest.raises(ExperimentError, match="other searches of it: small / question / 0123"):
        worker.open_study(storage, name, arm.arm, arm.search, "minimize", must_exist=True)


FEW = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PATIENCE = st.lists(st.integers(0, 2), max_size=400)
DEATHS = st.dictionaries(st.sampled_from("AB"), st.integers(1, 60))


@FEW
@example(choices=[0, 1, 2] * 100, deaths={})
@example(choices=[], deaths={"A": 30})
@given(choices=PATIENCE, deaths=DEATHS)
def test_any_interleaving_spends_the_budget_once(open_arm, undisturbed, choices, deaths) -> None:
    """Three workers start on an empty storage, two of them may be killed anywhere."""
    stage = Stage(iter(choices), deaths)
    storage = SwitchingStorage(stage)
    done: list[int] = []

    def objective(ask: Ask) -> float:
        value = score(ask)
        stage.switch()
        done.append(ask.number)
        return value

    def work() -> None:
        work_on(open_arm(storage, trials=5), objective)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker.time, "sleep", stage.switch)
        patch.setattr(worker, "process_tags", lambda: {"name": threading.current_thread().name})
        patch.setattr(budget, "is_alive", lambda process: process["name"] not in stage.dead)
        if deaths:  # maybe before it said who it is; a slow one is taken for dead then too
            patch.setattr(budget, "GRACE", budget.timedelta(0))
        patch.setattr(budget, "MOST_TRIES", 1000)
        stage.play(dict.fromkeys("ABC", work))
    arm = open_arm(storage, trials=5)
    assert settings_of(arm) == dict(itertools.islice(undisturbed.items(), 5))
    assert arm.is_spent()
    complete = arm.study.get_trials(states=(TrialState.COMPLETE,))
    assert len(complete) == 5, "no trial was tried for nothing"
    assert deaths or sorted(done) == [*range(5)]
    assert not arm.study.get_trials(states=(TrialState.RUNNING,))
