"""What studies have found: the best, what each trial was, and what may be used."""

from __future__ import annotations

import datetime
from pathlib import Path

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from harness.errors import ExperimentError
from harness.experiment import load_experiment, make_plan
from harness.experiment.search import Choice, FloatRange, Search
from harness.search.results import ENOUGH, arm_tuning, missing_trials
from harness.search.worker import ArmStudy, Ask, open_study, work_on

ARM = make_plan(
    load_experiment(Path(__file__).parents[2] / "experiments" / "quickstart_search.yaml")
).arms[0]
SPACE = {
    "training.learning_rate": FloatRange(kind="float", low=1e-3, high=1e-1),
    "training.betas": Choice(kind="categorical", choices=([0.9, 0.99], [0.8, 0.9])),
}


def searched(objective, direction="maximize", **options: object) -> ArmStudy:
    search = Search.model_validate(
        {"space": SPACE, "sampler": "random", "trials": 6, **options}
    ).for_arm("a")
    storage = optuna.storages.InMemoryStorage()
    found = open_study(storage, "study", ARM, search, direction)
    work_on(found, objective)
    return found


def by_number(ask: Ask) -> float:
    return [3.0, 9.0, 1.0, 9.0, 4.0, 2.0][ask.number]


@pytest.mark.parametrize(("direction", "best"), [("maximize", 1), ("minimize", 2)])
def test_the_best_is_the_first_of_the_best(direction: str, best: int) -> None:
    found = arm_tuning(searched(by_number, direction))
    assert found.best == best
    assert [trial.value for trial in found.trials] == [3.0, 9.0, 1.0, 9.0, 4.0, 2.0]


def test_values_are_those_of_the_file_not_of_the_storage() -> None:
    for trial in arm_tuning(searched(by_number)).trials:
        assert trial.params["training.betas"] in ([0.9, 0.99], [0.8, 0.9])
        assert isinstance(trial.params["training.learning_rate"], float)


def test_every_ending_is_kept() -> None:
    def objective(ask: Ask) -> float:
        if ask.number == 0:
            raise ValueError("too hot")
        if ask.number == 1:
            return float("nan")
        if ask.number == 2:
            ask.trial.report(5.0, 1)
            ask.trial.report(99.0, 2)
            raise optuna.TrialPruned
        if ask.number == 3:
            return float("inf")
        return 1.0

    found = arm_tuning(searched(objective))
    told = [(trial.state, trial.value, trial.reason) for trial in found.trials]
    assert told[0] == ("failed", None, "ValueError: too hot")
    assert told[1] == ("failed", None, "its validation score is not a number")
    assert told[2] == ("pruned", 99.0, None)
    assert told[3] == ("failed", None, "its validation score is not a number")
    assert found.trials[2].curve == ((1, 5.0), (2, 99.0))
    assert found.best == 4, "a pruned or infinite one is never the best"


def test_importances_need_trials() -> None:
    def objective(ask: Ask) -> float:
        return -abs(ask.params["training.learning_rate"] - 0.05)

    assert arm_tuning(searched(objective, trials=ENOUGH - 1)).importances == {}
    importances = arm_tuning(searched(objective, trials=40)).importances
    assert sum(importances.values()) == pytest.approx(1)
    assert importances["training.learning_rate"] > 0.8


def test_importances_are_of_the_trials_that_count() -> None:
    def objective(ask: Ask) -> float:
        if ask.number < 20:
            return -abs(ask.params["training.learning_rate"] - 0.05)
        return 10 + ask.params["training.betas"][0]

    more = searched(objective, trials=60)
    fewer = ArmStudy(more.arm, more.search.model_copy(update={"trials": 20}), more.study)
    assert arm_tuning(fewer).importances == arm_tuning(searched(objective, trials=20)).importances
    assert arm_tuning(fewer).importances != arm_tuning(more).importances


def test_where_nothing_matters_no_share_is_made_up() -> None:
    assert arm_tuning(searched(lambda ask: 1.0, trials=20)).importances == {}


def test_seconds_hold_for_an_arm_that_had_more_of_them() -> None:
    """A budget that was made smaller, and trials of several workers when it was spent."""
    search = Search.model_validate({"space": SPACE, "seconds": 60}).for_arm("a")
    found = open_study(optuna.storages.InMemoryStorage(), "study", ARM, search, "maximize")
    began = datetime.datetime(2026, 1, 1)
    for value in range(5):
        found.study.add_trial(
            FrozenTrial(
                number=-1,
                trial_id=-1,
                state=TrialState.COMPLETE,
                value=float(value),
                values=None,
                datetime_start=began,
                datetime_complete=began + datetime.timedelta(seconds=25),
                params={},
                distributions={},
                user_attrs={},
                system_attrs={},
                intermediate_values={},
            )
        )
    tuned = arm_tuning(found)
    assert [trial.value for trial in tuned.trials] == [0.0, 1.0, 2.0]
    assert tuned.best_trial is not None
    assert tuned.best_trial.value == 2.0


def test_only_finished_searches_with_a_best_may_be_used() -> None:
    missing_trials({"a": searched(by_number)})
    more = searched(by_number)
    longer = ArmStudy(more.arm, more.search.model_copy(update={"trials": 9}), more.study)
    with pytest.raises(ExperimentError, match="6 of 9 trials"):
        missing_trials({"a": longer})
    seconds = more.search.model_copy(update={"trials": None, "seconds": 1e6})
    with pytest.raises(ExperimentError, match="of 1000000 seconds"):
        missing_trials({"a": ArmStudy(more.arm, seconds, more.study)})

    def failing(ask: Ask) -> float:
        raise ValueError

    with pytest.raises(ExperimentError, match="no best settings"):
        missing_trials({"a": searched(failing)})
