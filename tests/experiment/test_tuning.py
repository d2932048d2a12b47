"""What a search found, put into a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ExperimentError
from harness.experiment import Plan, load_experiment, make_plan
from harness.experiment.search import FloatRange
from harness.experiment.tuning import ArmTuning, Trial, Tuning, tuned_plan

FILE = Path(__file__).parents[2] / "experiments" / "quickstart_search.yaml"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(load_experiment(FILE))


def tuning(**best: dict[str, object]) -> Tuning:
    arms = {}
    for arm, params in best.items():
        worse = Trial(number=0, params={}, state="complete", value=1.0, seconds=1.0, default=True)
        good = Trial(number=4, params=params, state="complete", value=2.0, seconds=1.0)
        space = {"training.learning_rate": FloatRange(kind="float", low=1e-4, high=1.0)}
        arms[arm] = ArmTuning(study=arm, space=space, trials=(worse, good), best=4)
    return Tuning(
        metric="f1", direction="maximize", sampler="random", pruner="none", seeds=(9,),
        storage="here", arms=arms,
    )  # fmt: skip


def test_each_arm_gets_its_own_best(plan: Plan) -> None:
    found = tuning(
        **{"question": {"training.learning_rate": 0.5}, "question+context": {"model.adapter.r": 3}}
    )
    tuned = tuned_plan(plan, found)
    first, second = tuned.arms
    assert first.config.training.learning_rate == 0.5
    assert second.config.training.learning_rate == plan.arms[1].config.training.learning_rate
    assert second.config.model.adapter is not None
    assert second.config.model.adapter.r == 3
    assert first.config.prompt == plan.arms[0].config.prompt
    assert [run.name for run in tuned.runs] == [run.name for run in plan.runs]
    assert all(run.arm in tuned.arms for run in tuned.runs)
    assert tuned.hypotheses == plan.hypotheses
    assert tuned.experiment == plan.experiment


def test_settings_that_do_not_fit_are_an_error(plan: Plan) -> None:
    found = tuning(**{"question": {"training.learning_rate": -1.0}, "question+context": {}})
    with pytest.raises(ExperimentError, match="arm question, tuned"):
        tuned_plan(plan, found)


def test_it_survives_being_written(plan: Plan) -> None:
    found = tuning(**{"question": {"a.b": [1, None, {"c": "d"}]}, "question+context": {}})
    assert Tuning.model_validate_json(found.model_dump_json()) == found
    assert found.arms["question"].best_trial is found.arms["question"].trials[1]
    assert found.arms["question"].default_trial is found.arms["question"].trials[0]
