"""Declarations: what counts as a change, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.experiment import load_experiment, make_plan
from harness.experiment.declaration import (
    Declaration,
    declared_of,
    revisions,
    with_declaration,
)

QUICKSTART = Path(__file__).parents[2] / "experiments" / "quickstart.yaml"


def declared(*assignments: str, test: str = "abc") -> dict[str, object]:
    return declared_of(make_plan(load_experiment(QUICKSTART, assignments)), {"test items": test})


def declare(*whats: dict[str, object]) -> tuple[Declaration, ...]:
    history: tuple[Declaration, ...] = ()
    for day, what in enumerate(whats):
        history = with_declaration(history, what, at=f"day {day}", n_known=day, n_runs=12)
    return history


def test_declaring_the_same_again_keeps_the_first_time() -> None:
    (only,) = declare(declared(), declared(), declared("resources.threads=2"))
    assert (only.at, only.n_known) == ("day 0", 0)
    assert len(only.hash) == 64


@pytest.mark.parametrize(
    ("assignment", "path", "before", "after"),
    [
        ("analysis.alpha=0.1", "alpha", "0.05", "0.1"),
        ("analysis.primary=em", "primary", "f1", "em"),
        ("seeds=[0, 1, 2, 3]", "seeds", "[0, 1, 2]", "[0, 1, 2, 3]"),
        (
            "analysis.hypotheses=[{factor: context, claim: better},"
            " {factor: precision, claim: non_inferior, margin: 5}]",
            "hypotheses.precision: nf4 vs full (f1)",
            "non_inferior within 3",
            "non_inferior within 5",
        ),
    ],
)
def test_a_change_is_named_with_its_time(
    assignment: str, path: str, before: str, after: str
) -> None:
    changed = list(revisions(declare(declared(), declared(assignment))))
    one = next(r for r in changed if r.path == path)
    assert (one.before, one.after) == (before, after)
    assert (one.declaration.at, one.declaration.n_known) == ("day 1", 1)
    assert len(changed) == (1 if path != "primary" else 5)  # hypotheses are about it


def test_looks_in_between_are_declared() -> None:
    seeds = "seeds=[0, 1, 2, 3]"
    whats = declared(seeds), declared(seeds, "analysis.sequential=true")
    (one,) = revisions(declare(*whats))
    assert (one.path, one.before, one.after) == ("sequential", "False", "True")


def test_other_test_items_are_a_change() -> None:
    (one,) = revisions(declare(declared(), declared(test="xyz")))
    assert (one.path, one.before, one.after) == ("test items", "abc", "xyz")


def test_going_back_is_a_change_too() -> None:
    history = declare(declared(), declared("analysis.alpha=0.1"), declared())
    assert [r.after for r in revisions(history)] == ["0.1", "0.05"]
    assert history[0].hash == history[2].hash != history[1].hash


@pytest.mark.parametrize(
    ("assignment", "path"),
    [
        (
            "factors.context.treatments.question+context={prompt.template: '{context} {question}'}",
            "arms.question+context / full.prompt.template",
        ),
        (
            "factors.rank={control: {r8: {}}, treatments: {r4: {model.adapter.r: 4}}}",
            "arms.question / full / r8.model.adapter.r",
        ),
        ("base.training.learning_rate=0.5", "other settings"),
    ],
)
def test_what_the_arms_are_is_declared(assignment: str, path: str) -> None:
    """The names of contrasts stay the same, but not what they compare."""
    assert path in [r.path for r in revisions(declare(declared(), declared(assignment)))]


def test_an_earlier_declaration_out_of_reach_is_no_silence() -> None:
    first, second = declare(declared(), declared("analysis.alpha=0.1"))
    (one,) = revisions([replace(first, what={}), second])
    assert (one.path, one.before) == ("all of it", "no longer to be read")
