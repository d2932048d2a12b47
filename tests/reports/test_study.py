import yaml

from harness.experiment import Experiment, Plan
from reports.study import study_of
from tests.reports.tunings import arm_of, tuning_of


def test_resolved_experiment_can_be_run_again(plan: Plan) -> None:
    text = study_of(plan).facts["Experiment, with all defaults"]
    assert Experiment.model_validate(yaml.safe_load(text)) == plan.experiment


def test_what_a_study_takes_from_its_plan(plan: Plan) -> None:
    study = study_of(plan)
    assert study.arms == tuple(arm.name for arm in plan.arms)
    assert (study.seeds, study.alpha, study.power, study.primary) == ((0, 1, 2), 0.05, 0.8, "f1")
    assert study.facts["Arms differ in"] == "prompt.template, model.precision"
    assert study.factors == {
        "context": ("question", "question+context"),
        "precision": ("full", "nf4"),
    }
    assert not study.notes
    assert study.tuning is None


def test_a_study_keeps_what_its_arms_were_tuned_by(plan: Plan) -> None:
    tuning = tuning_of({"question / full": arm_of([1.0])})
    assert study_of(plan, tuning=tuning).tuning == tuning
