"""Contrasts: which arms a hypothesis weighs against which."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ExperimentError
from harness.experiment import Plan, load_experiment, make_plan

QUICKSTART = Path(__file__).parents[2] / "experiments" / "quickstart.yaml"
INT8 = "factors.precision.treatments.int8={model.precision: int8}"


def plan(*assignments: str) -> Plan:
    return make_plan(load_experiment(QUICKSTART, assignments))


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


def test_without_hypotheses_each_treatment_is_tested_as_different() -> None:
    hypotheses = plan(INT8, "analysis.hypotheses=[]").hypotheses
    assert [(h.contrast.factors, h.claim) for h in hypotheses] == [
        (("context",), "different"),
        (("precision",), "different"),
        (("precision",), "different"),
    ]


def test_all_pairs_of_three_levels() -> None:
    spec = "analysis.hypotheses=[{factor: precision, claim: different, pairs: all}]"
    contrasts = [h.contrast for h in plan(INT8, spec).hypotheses]
    assert [c.name for c in contrasts] == [
        "precision: nf4 vs full",
        "precision: int8 vs full",
        "precision: int8 vs nf4",
    ]
    assert contrasts[2].levels == (("int8", "nf4"),)
    assert contrasts[2].treated == ("question / int8", "question+context / int8")
    assert contrasts[2].weights == {
        "question / nf4": -0.5,
        "question / int8": 0.5,
        "question+context / nf4": -0.5,
        "question+context / int8": 0.5,
    }


@pytest.mark.parametrize(
    ("assignment", "parts"),
    [
        ("analysis.hypotheses=[{factor: contxt, claim: better}]", ["contxt", "context, precision"]),
        (
            "analysis.hypotheses=[{factor: context, treatment: x, claim: better}]",
            ["no such treatment", "question+context"],
        ),
        (
            "analysis.hypotheses=[{interaction: [context, context], claim: better}]",
            ["interact with itself"],
        ),
        (
            "analysis.hypotheses=[{interaction: [context, precision], claim: better, pairs: all}]",
            ["pairs: all", "compares all its levels"],
        ),
    ],
)
def test_a_hypothesis_that_cannot_be_is_explained(assignment: str, parts: list[str]) -> None:
    with pytest.raises(ExperimentError) as caught:
        plan(assignment)
    for part in parts:
        assert part in str(caught.value)
