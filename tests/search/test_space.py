"""Spaces: refused before the first trial if they cannot be searched, and asked for settings."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest

from harness.errors import ExperimentError
from harness.experiment import load_experiment, make_plan
from harness.experiment.search import Choice, FloatRange, IntRange, Space
from harness.search.space import check_space, default_params, suggest

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
FILE = EXPERIMENTS / "quickstart_search.yaml"
LORA = {"kind": "lora", "r": 8, "alpha": 16}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["search=null"], "no section `search`"),
        (["data.validation=null"], "needs validation items"),
        (["search.direction=minimize"], "choose the worst settings"),
        (["search.seeds=[0]"], "a seed would choose the settings and compare them too"),
        (["search.arms={questoin: {trials: 3}}"], "there is no such arm"),
        (
            ["search.space={prompt.template: {kind: categorical, choices: ['{question}', a]}}"],
            "reaches into what a factor varies",
        ),
        (
            ["search.space={training.learning_rate: {kind: float, low: -1, high: 1}}"],
            "greater than 0",
        ),
        (
            ["search.space={training.learning_rte: {kind: float, low: 1, high: 2}}"],
            "did you mean 'learning_rate'",
        ),
        (
            ["search.space={model.adapter.r: {kind: int, low: 1, high: 2, when: {a.b: 1}}}"],
            "stands before it",
        ),
        (
            [
                "search.space={training.schedule: {kind: categorical, choices: [linear, cosine]},"
                " training.epochs: {kind: int, low: 1, high: 2, when: {training.schedule: x}}}"
            ],
            "not one of the choices",
        ),
        (["search.sampler=cmaes"], "knows neither choices nor conditions"),
        (
            ["search.space={training.batch_size: {kind: float, low: 8, high: 32}}"],
            "a number with a fractional part",
        ),
        (
            ["search.space={training.learning_rate: {kind: categorical, choices: [1e-4, 0.0001]}}"],
            "two choices are the same setting",
        ),
        (["training.overfit_batches=2"], "validates on training items"),
        (
            ["search.space={training.overfit_batches: {kind: int, low: 1, high: 2}}"],
            "validates on training items",
        ),
        (
            [
                "search.metric=validation_loss",
                "search.space={prompt.max_target_tokens: {kind: int, low: 1, high: 8}}",
            ],
            "validation losses of different targets",
        ),
    ],
)
def test_what_cannot_be_searched_is_refused(changes: list[str], message: str) -> None:
    with pytest.raises(ExperimentError) as raised:
        check_space(make_plan(load_experiment(FILE, changes)))
    assert message in str(raised.value)


def test_an_experiment_without_search_says_how_to_add_one() -> None:
    with pytest.raises(ExperimentError, match="quickstart_search"):
        check_space(make_plan(load_experiment(EXPERIMENTS / "quickstart.yaml")))


def test_an_arm_that_trains_nothing_cannot_be_searched() -> None:
    none = "factors.context.control={question: {training.max_steps: 0}}"
    with pytest.raises(ExperimentError, match="trains nothing"):
        check_space(make_plan(load_experiment(FILE, [none])))


def test_a_conditional_path_is_checked_under_its_condition() -> None:
    space = (
        "search.space={model.adapter: {kind: categorical, choices:"
        " [{kind: lora, r: 4}, {kind: ia3}]},"
        " model.adapter.r: {kind: int, low: 2, high: 4, when: {model.adapter: {kind: lora, r: 4}}}}"
    )
    check_space(make_plan(load_experiment(FILE, [space])))
    wrong = space.replace("{model.adapter: {kind: lora, r: 4}}}}", "{model.adapter: {kind: ia3}}}}")
    with pytest.raises(ExperimentError, match=r"search\.space\.model\.adapter\.r"):
        check_space(make_plan(load_experiment(FILE, [wrong])))


SPACE: Space = {
    "training.schedule": Choice(kind="categorical", choices=("linear", "constant")),
    "training.warmup_steps": IntRange(
        kind="int", low=1, high=5, when={"training.schedule": "linear"}
    ),
    "training.betas": Choice(kind="categorical", choices=([0.9, 0.99], [0.8, 0.9])),
    "training.learning_rate": FloatRange(kind="float", low=1e-4, high=1e-1, log=True),
}


def test_settings_have_the_values_and_obey_the_conditions() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    seen = [suggest(study.ask(), SPACE) for _ in range(60)]
    for one in seen:
        assert ("training.warmup_steps" in one) == (one["training.schedule"] == "linear")
        assert one["training.betas"] in ([0.9, 0.99], [0.8, 0.9])
        assert 1e-4 <= one["training.learning_rate"] <= 1e-1
    low = sum(one["training.learning_rate"] < 10**-2.5 for one in seen)
    assert 15 < low < 45, "half of a logarithmic range lies below its middle"
    assert {one.get("training.warmup_steps") for one in seen} == {None, 1, 2, 3, 4, 5}


def test_the_files_own_settings_as_a_trial() -> None:
    plan = make_plan(load_experiment(FILE))
    search = check_space(plan)
    own = default_params(plan.arms[0], search.space)
    assert own == {
        "training.learning_rate": 5e-3, "training.batch_size": 16, "model.adapter.r": 8,
    }  # fmt: skip
    study = optuna.create_study()
    study.enqueue_trial(own)
    assert suggest(study.ask(), search.space) == own


@pytest.mark.parametrize(
    ("path", "dimension", "own"),
    [
        ("training.epochs", "{kind: int, low: 1, high: 5}", 2),
        ("training.epochs", "{kind: categorical, choices: [1, 2]}", 2),
        ("training.learning_rate", "{kind: categorical, choices: [1e-4, 5e-3]}", "5e-3"),
        (
            "model.adapter",
            "{kind: categorical, choices: [{kind: ia3}, {r: 8}]}",
            '{"r": 8}',  # alpha and the rest are what they are when left out
        ),
    ],
)
def test_own_settings_are_known_however_the_space_writes_them(
    path: str, dimension: str, own: object
) -> None:
    plan = make_plan(load_experiment(FILE, [f"search.space={{{path}: {dimension}}}"]))
    assert default_params(plan.arms[0], check_space(plan).space) == {path: own}


def test_own_settings_between_whole_numbers_are_no_trial() -> None:
    space = "search.space={training.epochs: {kind: int, low: 1, high: 5}}"
    plan = make_plan(load_experiment(FILE, [space, "training.epochs=2.5"]))
    assert default_params(plan.arms[0], check_space(plan).space) is None


def test_own_settings_outside_the_space_are_no_trial() -> None:
    plan = make_plan(load_experiment(FILE, ["training.batch_size=4"]))
    assert default_params(plan.arms[0], check_space(plan).space) is None


def test_a_whole_section_can_be_a_choice() -> None:
    plan = make_plan(load_experiment(FILE))
    adapter = plan.arms[0].config.model_dump(mode="json")["model"]["adapter"]
    space: Space = {"model.adapter": Choice(kind="categorical", choices=(adapter, {"kind": "ia3"}))}
    own = default_params(plan.arms[0], space)
    assert own is not None
    study = optuna.create_study()
    study.enqueue_trial(own)
    assert suggest(study.ask(), space) == {"model.adapter": adapter}
