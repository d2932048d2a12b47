"""Plans: the factorial, and the rules that make runs comparable."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ExperimentError
from harness.experiment import changed_paths, load_experiment, make_plan

QUICKSTART = Path(__file__).parents[2] / "experiments" / "quickstart.yaml"


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


def test_a_sequential_plan_completes_a_seed_before_the_next() -> None:
    runs = plan("seeds=[3, 1, 4, 0]", "analysis.sequential=true").runs
    assert [run.seed for run in runs] == [3] * 4 + [1] * 4 + [4] * 4 + [0] * 4
    precisions = [run.arm.config.model.precision for run in runs[:4]]
    assert precisions == ["full", "full", "nf4", "nf4"]  # within a seed each base is loaded once


def test_looks_need_a_fourth_seed() -> None:
    with pytest.raises(ExperimentError, match="at least four"):
        plan("analysis.sequential=true")


def test_factors_may_not_overlap_at_different_depths() -> None:
    one = "factors.adapter={control: {r8: {}}, treatments: {r2: {model.adapter.r: 2}}}"
    two = "factors.kind={control: {a: {}}, treatments: {b: {model.adapter: {r: 4}}}}"
    assert len(plan(one).arms) == 8
    with pytest.raises(ExperimentError, match=r"model\.adapter\.r and model\.adapter"):
        plan(one, two)


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
    ],
)
def test_a_plan_that_cannot_be_is_explained(assignment: str, parts: list[str]) -> None:
    with pytest.raises(ExperimentError) as caught:
        plan(assignment)
    for part in parts:
        assert part in str(caught.value)
