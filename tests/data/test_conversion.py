import datetime
import decimal

import pytest

from harness.data import Item
from harness.data.conversion import to_items
from harness.data.records import Origin, Record
from harness.errors import DataError


def origin(*rows):
    records = [Record(f"a.csv, line {line}: ", row) for line, row in enumerate(rows, start=2)]
    return Origin("a.csv", records)


def row(**values):
    return {"question": "Who?", "answers": "Ann", **values}


def test_a_row_becomes_an_item():
    answers = {"text": ["Ann", "Ann"], "answer_start": [0, 0]}
    values = row(id="1", context="Ann.", title="T", answers=answers)
    items, notes = to_items(origin(values), {}, "test")
    fields = {"question": "Who?", "context": "Ann.", "title": "T"}
    assert items == [Item("1", fields, ("Ann", "Ann"), (0, 0), ())]
    assert notes == []


def test_other_columns_become_text_and_what_is_no_text_is_left_out():
    values = row(
        id=7, whole=3, part=0.5, flag=True, none=None, several=["é", 1], image=b"\x89",
        nested={"bytes": b"\x89"}, day=datetime.date(2024, 5, 1), money=decimal.Decimal("1.10"),
    )  # fmt: skip
    [item] = to_items(origin(values), {}, "test").items
    assert item.id == "7"
    assert item.fields == {
        "question": "Who?", "whole": "3", "part": "0.5", "flag": "true", "none": "",
        "several": '["é", 1]', "day": "2024-05-01", "money": "1.10",
    }  # fmt: skip


def test_items_without_an_id_are_named_by_split_and_row():
    items, notes = to_items(origin(row(id="a"), row(id=None), row(id=" "), row()), {}, "train")
    assert [item.id for item in items] == ["a", "train-2", "train-3", "train-4"]
    assert notes == ["train: 3 of 4 items have no id and are named by row number"]


def test_irregularities_are_counted():
    context = "Ann 🙂 Bo."
    good = {"text": ["Bo"], "answer_start": [6]}
    bad = {"text": ["Bo", "Ann", "Ann"], "answer_start": [5, 0, -10]}
    rows = [
        row(id="1", context=context, answers=good),
        row(id="2", context=context, answers=bad),
        row(id="3", context=context, answers=[]),
        row(id="4", context=context, answers=["", "Bo"]),
        row(id="5", context=context, answers="['Ann', 'Bo']"),
    ]
    assert to_items(origin(*rows), {}, "test").notes == [
        "test: 1 of 5 items have no answer and count as unanswerable",
        "test: 1 blank answer left out",
        "test: 1 of 5 items have an answer that looks like a list written as text;"
        " it is used as one answer (JSON Lines and Parquet can hold lists)",
        "test: 2 of 4 answers do not stand at their answer_start in the context",
    ]


@pytest.mark.parametrize(
    ("values", "what", "got"),
    [
        ({"question": 5, "answers": "x"}, "a question is not text", "5 (int)"),
        ({"question": "  ", "answers": "x"}, "a question is not text", "'  ' (str)"),
        ({"question": None, "answers": "x"}, "a question is missing", "None (NoneType)"),
        ({"answers": "x"}, "a question is missing", "only answers"),
    ],
)
def test_a_question_is_a_text(values, what, got):
    with pytest.raises(DataError, match=what) as caught:
        to_items(origin(row(), values), {}, "test")
    assert caught.value.where == "a.csv, line 3: question"
    assert caught.value.got == got
    assert caught.value.allowed == "a text that is not blank"


def test_a_row_without_answers_is_refused():
    with pytest.raises(DataError, match="has no answers") as caught:
        to_items(origin(row(), {"question": "Who?"}), {}, "test")
    assert caught.value.where == "a.csv, line 3: answers"
    assert caught.value.got == "only question"
    assert "an empty list" in caught.value.allowed


def test_answers_that_are_not_text_are_named_by_column():
    with pytest.raises(DataError, match="not text") as caught:
        to_items(origin({"mr": "a", "ref": ["x", 4]}), {"question": "mr", "answers": "ref"}, "test")
    assert caught.value.where == "a.csv, line 2: ref[1]"


@pytest.mark.parametrize("column", ["question", "answers", "context", "id"])
def test_half_a_surrogate_pair_is_refused(column):
    with pytest.raises(DataError, match="surrogate") as caught:
        to_items(origin(row(**{column: "ab\ud83d"})), {}, "test")
    assert caught.value.where == f"a.csv, line 2: {column}"
    assert caught.value.got == "\\ud83d at character 2"


def test_no_rows_are_refused():
    with pytest.raises(DataError, match="the test split has no items") as caught:
        to_items(origin(), {}, "test")
    assert caught.value.where == "base.data.test: a.csv"


def test_repeated_ids_are_named_with_both_places():
    rows = [row(id=name) for name in "abaab"]
    with pytest.raises(DataError, match="3 items of a split repeat") as caught:
        to_items(origin(*rows), {}, "test")
    assert caught.value.got == (
        "'a' at a.csv, line 2 and line 4; 'a' at a.csv, line 2 and line 5;"
        " 'b' at a.csv, line 3 and line 6"
    )
    assert caught.value.where == "a.csv, line 4"
    assert "unique" in caught.value.allowed
