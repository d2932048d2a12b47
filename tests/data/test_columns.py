import pytest

from harness.data.columns import Columns, find_columns
from harness.data.records import Origin, Record
from harness.errors import DataError


def origin(*columns):
    return Origin("dev.csv", [Record("dev.csv, line 2: ", dict.fromkeys(columns, "x"))])


def test_columns_are_found_by_their_own_names():
    found = find_columns(origin("id", "title", "question", "answers", "level"), {})
    assert found == Columns("question", "answers", "id", {"title": "title", "level": "level"})


def test_answer_means_answers():
    assert find_columns(origin("question", "answer"), {}).answers == "answer"
    assert find_columns(origin("mr", "ref"), {"question": "mr", "answer": "ref"}).answers == "ref"


def test_a_named_column_is_known_under_its_new_name_only():
    found = find_columns(
        origin("mr", "ref", "question", "key", "body"),
        {"question": "mr", "answers": "ref", "id": "key", "context": "body"},
    )
    assert found == Columns("mr", "ref", "key", {"context": "body"})


def test_no_reserved_column_becomes_a_field():
    found = find_columns(origin("question", "answers", "answer", "id", "ref"), {"answers": "ref"})
    assert found.others == {}


def test_columns_of_later_rows_count():
    records = [Record("", {"question": "x", "answer": "y"}), Record("", {"title": "z"})]
    assert find_columns(Origin("a", records), {}).others == {"title": "title"}


def test_an_unknown_column_is_named_with_those_that_exist():
    with pytest.raises(DataError, match="no column 'reff'") as caught:
        find_columns(origin("mr", "ref"), {"answers": "reff"})
    assert caught.value.where == "base.data.fields.answers, for dev.csv"
    assert caught.value.got == "reff"
    assert caught.value.allowed == "mr, ref"
    assert caught.value.fix == "did you mean 'ref'?"


@pytest.mark.parametrize(
    ("columns", "name"), [(("mr", "answer"), "question"), (("question", "ref"), "answers")]
)
def test_a_missing_column_comes_with_the_setting_that_names_another(columns, name):
    with pytest.raises(DataError, match=f"no column '{name}'") as caught:
        find_columns(origin(*columns), {})
    assert caught.value.where == "dev.csv"
    assert ", ".join(columns) in caught.value.got
    assert caught.value.fix == f"--set base.data.fields.{name}=COLUMN"


def test_a_column_given_away_is_not_the_question_too():
    with pytest.raises(DataError, match="no column 'question'"):
        find_columns(origin("question", "answer"), {"context": "question"})


def test_answer_and_answers_are_not_both_named():
    with pytest.raises(DataError, match="mean the same") as caught:
        find_columns(origin("a", "b", "question"), {"answers": "a", "answer": "b"})
    assert caught.value.got == "a and b"
