"""The section `search`: what may stand there, and what a person is told otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ExperimentError
from harness.experiment import load_experiment
from harness.experiment.search import (
    DEFAULT_TRIALS,
    ArmSearch,
    Choice,
    FloatRange,
    IntRange,
    Search,
)

FILE = Path(__file__).parents[2] / "experiments" / "quickstart_search.yaml"
RATE = FloatRange(kind="float", low=1e-4, high=1e-2, log=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("search.sampler=tpee", "did you mean 'tpe'"),
        ("search.seconds=60", "give either `trials` or `seconds`"),
        ("search.seeds=[7, 7]", "a seed occurs twice"),
        ("search.space={data.test.limit: {kind: int, low: 1, high: 9}}", "cannot be tuned"),
        ("search.space={training: {kind: categorical, choices: [{}, 1]}}", "cannot be tuned"),
        ("search.space={training.epochs: {kind: float, low: 2, high: 2}}", "has to be below"),
        ("search.space={training.epochs: {kind: float, low: 0, high: 2, log: true}}", "above 0"),
        (
            "search.space={model.adapter.r: {kind: int, low: 1, high: 8, log: true, step: 2}}",
            "step",
        ),
        ("search.space={model.adapter.r: {kind: int, low: 1, hihg: 8}}", "did you mean 'high'"),
        ("search.space={model.adapter.r: {kind: integer, low: 1, high: 8}}", "'int'"),
        ("search.space={prompt.target: {kind: categorical, choices: [a, a]}}", "occurs twice"),
        ("search.space={training.bf16: {kind: categorical, choices: [1, true]}}", "occurs twice"),
        ("search.space={}", "at least 1"),
        (
            "search.arms={question: {space: {data.train.limit: {kind: int, low: 1, high: 9}}}}",
            "cannot be tuned",
        ),
        ("search.arms={question: {space: {training.epocs: null}}}", "leaves out 'training.epocs'"),
    ],
)
def test_a_wrong_section_is_explained(change: str, message: str) -> None:
    with pytest.raises(ExperimentError) as raised:
        load_experiment(FILE, [change])
    assert message in str(raised.value)
    assert "search" in str(raised.value)


def test_what_a_range_contains() -> None:
    by_half = FloatRange(kind="float", low=0.5, high=2.0, step=0.5)
    assert by_half.contains(1.5)
    assert by_half.contains(1)
    assert not by_half.contains(1.25)
    assert not by_half.contains(2.5)
    assert not by_half.contains(True)
    even = IntRange(kind="int", low=2, high=8, step=2)
    assert even.contains(6)
    assert not even.contains(5)
    assert not even.contains(6.0)
    choice = Choice(kind="categorical", choices=(1, "a", None, [1, 2]))
    assert choice.contains([1, 2])
    assert choice.contains(None)
    assert not choice.contains(True), "yes is not 1"


def test_an_arm_may_have_its_own_space_and_budget() -> None:
    own = ArmSearch(space={"training.epochs": None, "model.adapter.r": RATE}, seconds=60)
    search = Search(
        space={"training.learning_rate": RATE, "training.epochs": RATE},
        trials=5,
        arms={"a": own},
    )
    found = search.for_arm("a")
    assert list(found.space) == ["training.learning_rate", "model.adapter.r"]
    assert (found.trials, found.seconds) == (None, 60)
    other = search.for_arm("b")
    assert list(other.space) == ["training.learning_rate", "training.epochs"]
    assert (other.trials, other.seconds) == (5, None)


def test_without_a_budget_there_are_some_trials() -> None:
    assert Search(space={"training.epochs": RATE}).for_arm("a").trials == DEFAULT_TRIALS


def test_the_direction_follows_the_metric() -> None:
    search = Search(space={"training.epochs": RATE})
    assert search.direction_for("validation_loss") == "minimize"
    assert search.direction_for("f1") == "maximize"
    given = Search(space={"training.epochs": RATE}, direction="minimize")
    assert given.direction_for("f1") == "minimize"


def test_a_space_in_words() -> None:
    assert str(RATE) == "0.0001 to 0.01 on a logarithmic scale"
    where = IntRange(kind="int", low=1, high=9, when={"model.adapter": ["a", "b"]})
    assert str(where) == "1 to 9 by 1, where model.adapter is a or b"
