"""Plans: the factorial, its contrasts, and the rules that make runs comparable."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ExperimentError
from harness.experiment import changed_paths, load_experiment, make_plan

QUICKSTART = Path(__file__).parents[2] / "experiments" / "quickstart.yaml"
INT8 = "factors.precision.treatments.int8={model.precision: int8}"


def plan(*assignments: str):
    return make_plan(load_experiment(QUICKSTART, assignments))


def test_arms_are_the_full_factorial_with_overrides_applied() -> None:
    arms = {arm.name: arm for arm in plan().arms}
    assert list(arms) == [
        "question / full",
        "question / nf4",
        "question+context / full",
        "question+context / nf4",
    ]
    both = arms["question+context / nf4"].config
    assert both.model.precision == "nf4"
    assert "{context}" in both.prompt.template
    assert arms["question / full"].config == load_experiment(QUICKSTART).base
    assert changed_paths(plan().arms) == ("prompt.template", "model.precision")


def test_runs_pair_every_arm_with_every_seed_and_group_by_base_model() -> None:
    runs = plan("seeds=[3, 1]").runs
    assert len(runs) == len({run.name for run in runs}) == 8
    assert {run.seed for run in runs} == {3, 1}
    precisions = [run.arm.config.model.precision for run in runs]
    assert precisions == ["full"] * 4 + ["nf4"] * 4
    assert [run.seed for run in runs[:4]] == [3, 3, 1, 1]


def test_a_main_effect_averages_over_the_other_factor() -> None:
    context = plan().hypotheses[0].contrast
    assert context.weights == {
        "question / full": -0.5,
        "question / nf4": -0.5,
        "question+context / full": 0.5,
        "question+context / nf4": 0.5,
    }
    assert context.name == "context: question+context vs question"


def test_a_third_level_takes_no_part_in_the_other_levels_contrast() -> None:
    hypotheses = plan(
        INT8, "analysis.hypotheses=[{factor: precision, claim: different}]"
    ).hypotheses
    assert [h.contrast.name for h in hypotheses] == [
        "precision: nf4 vs full",
        "precision: int8 vs full",
    ]
    nf4 = hypotheses[0].contrast.weights
    assert set(nf4) == {
        "question / full",
        "question / nf4",
        "question+context / full",
        "question+context / nf4",
    }
    assert sum(nf4.values()) == 0
    assert sum(w for w in nf4.values() if w > 0) == 1


def test_an_interaction_is_a_difference_of_differences() -> None:
    spec = "analysis.hypotheses=[{interaction: [context, precision], claim: different}]"
    (hypothesis,) = plan(spec).hypotheses
    assert hypothesis.contrast.kind == "interaction"
    assert hypothesis.contrast.weights == {
        "question / full": 1,
        "question / nf4": -1,
        "question+context / full": -1,
        "question+context / nf4": 1,
    }


def test_an_interaction_averages_over_a_third_factor() -> None:
    rank = "factors.rank={control: {r8: {}}, treatments: {r4: {model.adapter.r: 4}}}"
    spec = "analysis.hypotheses=[{interaction: [context, precision], claim: different}]"
    (hypothesis,) = plan(rank, spec).hypotheses
    assert len(hypothesis.contrast.weights) == 8
    assert {abs(w) for w in hypothesis.contrast.weights.values()} == {0.5}


def test_factors_may_not_overlap_at_different_depths() -> None:
    one = "factors.adapter={control: {r8: {}}, treatments: {r2: {model.adapter.r: 2}}}"
    two = "factors.kind={control: {a: {}}, treatments: {b: {model.adapter: {r: 4}}}}"
    assert len(plan(one).arms) == 8
    with pytest.raises(ExperimentError, match=r"model\.adapter\.r and model\.adapter"):
        plan(one, two)


def test_without_hypotheses_each_treatment_is_tested_as_different() -> None:
    hypotheses = plan(INT8, "analysis.hypotheses=[]").hypotheses
    assert [(h.contrast.factors, h.claim) for h in hypotheses] == [
        (("context",), "different"),
        (("precision",), "different"),
        (("precision",), "different"),
    ]


@pytest.mark.parametrize(
    ("assignment", "parts"),
    [
        ("factors.context.treatments.question+context={}", ["changes nothing", "factors.context"]),
        ("factors.precision.treatments.nf4={model.precision: full}", ["changes nothing"]),
        (
            "factors.precision.treatments.nf4={model.precision: nf4, prompt: {template: x}}",
            ["whole section", "prompt.template"],
        ),
        (
            "factors.precision.treatments.nf4={base.prompt.template: x}",
            ["two factors override the same thing", "factors.context and factors.precision"],
        ),
        ("analysis.hypotheses=[{factor: contxt, claim: better}]", ["contxt", "context, precision"]),
        (
            "analysis.hypotheses=[{factor: context, treatment: x, claim: better}]",
            ["no such treatment", "question+context"],
        ),
        (
            "analysis.hypotheses=[{interaction: [context, context], claim: better}]",
            ["interact with itself"],
        ),
    ],
)
def test_a_plan_that_cannot_be_is_explained(assignment: str, parts: list[str]) -> None:
    with pytest.raises(ExperimentError) as caught:
        plan(assignment)
    for part in parts:
        assert part in str(caught.value)
