"""The account: one entry for each leaf, whatever the leaf is."""

from __future__ import annotations

import pytest

from harness.errors import ExperimentError
from harness.importing import Places, account_of
from harness.importing.account import (
    Outcome,
    account_as_text,
    accounted,
    added,
    changed,
    number,
    taken,
    to,
    without,
)
from harness.importing.reading import Leaf
from tests.importing.helpers import LUDWIG, SFT, paths_in

FILES = [("ludwig", [file]) for file in LUDWIG] + [("sft", files) for files in SFT]


@pytest.mark.parametrize(("tool", "files"), FILES)
def test_every_leaf_occurs_exactly_once(tool: str, files: list[str]) -> None:
    entries = account_of(tool, files, "x", Places())
    accounts = [(one.leaf.file, one.leaf.path) for one in entries if one.leaf]
    assert accounts == [(file, path) for file in files for path in paths_in(file)]
    text = account_as_text(entries)
    for entry in entries:
        if entry.leaf:
            kind, sets, why = entry.outcome
            assert text.count(f"line {entry.leaf.line}: {entry.leaf.path} ") >= 1
            assert why or (kind == "taken" and sets), entry


def _leaf(path: str, value: object, line: int = 1) -> Leaf:
    return Leaf("f.yaml", path, value, line)


def test_the_first_of_two_settings_holds_and_the_second_says_so() -> None:
    table = {
        "a": to("x"),
        "b": lambda leaf, tree: changed({"y": 1, "x": leaf.value}, "because"),
        "c": to("x"),
        "d": to("x"),
    }
    leaves = [_leaf("a", 1), _leaf("b", 2), _leaf("c", 1), _leaf("d", 2)]
    entries = accounted(leaves, table, {})
    assert entries[0].outcome == taken("x", 1)
    assert entries[1].outcome.sets == {"y": 1}
    assert entries[1].outcome.why == "x is 1 already, from a: one value holds here"
    assert entries[2].outcome == taken("x", 1)
    assert "from a:" in entries[3].outcome.why


def test_unknown_keys_are_named_with_what_was_meant() -> None:
    table = {"s.learning_rate": to("x"), "t.*": lambda leaf, tree: without("no")}
    unknown, below = accounted([_leaf("s.learnign_rate", 1), _leaf("t.a.b", 2)], table, {})
    assert unknown.outcome.kind == "without"
    assert "did you mean 'learning_rate'?" in unknown.outcome.why
    assert below.outcome == without("no")


def test_a_section_that_is_a_value_is_refused_and_an_empty_one_is_not() -> None:
    table = {"s.a": to("x")}
    with pytest.raises(ExperimentError, match="section"):
        accounted([_leaf("s", 3)], table, {})
    assert accounted([_leaf("s", None)], table, {})[0].outcome.kind == "taken"


@pytest.mark.parametrize(("value", "expected"), [("1e-4", 1e-4), (3, 3), (3.0, 3), (0.5, 0.5)])
def test_numbers_may_be_text(value: object, expected: float) -> None:
    assert number(_leaf("a", value)) == expected


@pytest.mark.parametrize("value", ["many", None, True, [1], "nan", "inf"])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ExperimentError, match=r"f\.yaml, line 1: a"):
        number(_leaf("a", value))


def test_the_text_has_a_paragraph_for_each_kind() -> None:
    table = {
        "a": to("x"),
        "b": lambda leaf, tree: changed({"y": True}, "another word"),
        "c": lambda leaf, tree: without("do this"),
    }
    leaves = [_leaf("a", 1, 1), _leaf("b", "yes\n", 2), _leaf("c", None, 3)]
    text = account_as_text([*accounted(leaves, table, {}), added("z", 0, "needed")])
    assert text == (
        "Taken over (1):\n  line 1: a -> x = 1\n\n"
        "Changed (1):\n  line 2: b = 'yes\\n' -> y = true\n      another word\n\n"
        "Without counterpart (1):\n  line 3: c = null\n      do this\n\n"
        "Added, because your file says nothing of it (1):\n  z = 0\n      needed"
    )


def test_an_outcome_sets_nothing_without_saying_why() -> None:
    assert to("x")(_leaf("a", None), {}) == Outcome("taken", {}, "null there, left out here")
