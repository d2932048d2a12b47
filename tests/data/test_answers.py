import pytest

from harness.data.answers import ALLOWED, Answers, parse_answers
from harness.errors import DataError


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("red", Answers(("red",), (), 0)),
        (" red ", Answers((" red ",), (), 0)),
        ("", Answers((), (), 0)),
        (None, Answers((), (), 0)),
        ([], Answers((), (), 0)),
        (["red", "red"], Answers(("red", "red"), (), 0)),
        (["red", " ", "blue"], Answers(("red", "blue"), (), 1)),
        ({"text": ["red", "blue"], "answer_start": [3, 9]}, Answers(("red", "blue"), (3, 9), 0)),
        ({"text": ["", "blue"], "answer_start": [3, 9]}, Answers(("blue",), (9,), 1)),
        ({"text": [], "answer_start": []}, Answers((), (), 0)),
        ({"text": "red", "answer_start": 3}, Answers(("red",), (3,), 0)),
        ({"text": ["red"]}, Answers(("red",), (), 0)),
        ({"text": ["red"], "answer_start": None}, Answers(("red",), (), 0)),
        ([{"text": "red", "answer_start": 3}], Answers(("red",), (3,), 0)),
        ([{"text": "red", "answer_start": 3}, {"text": "blue"}], Answers(("red", "blue"), (), 0)),
    ],
)
def test_every_shape_of_answers_is_read(value, expected):
    assert parse_answers(value, "here") == expected


@pytest.mark.parametrize(
    ("value", "where", "got"),
    [
        (42, "here", "42 (int)"),
        ({"texts": ["red"]}, "here", "(dict)"),
        (["red", 42], "here[1]", "42 (int)"),
        (["red", None], "here[1]", "None (NoneType)"),
        ([["red"]], "here[0]", "['red'] (list)"),
        ([{"answer_start": 3}], "here[0]", "(dict)"),
        ({"text": 42}, "here[0]", "42 (int)"),
        ({"text": None}, "here[0]", "None (NoneType)"),
    ],
)
def test_an_unknown_shape_is_refused_with_the_known_ones(value, where, got):
    with pytest.raises(DataError) as caught:
        parse_answers(value, "here")
    assert caught.value.where == where
    assert str(caught.value.got).endswith(got)
    assert caught.value.allowed == ALLOWED


def test_a_number_comes_with_the_way_to_write_it():
    with pytest.raises(DataError, match='write numbers as text: "42"'):
        parse_answers([42], "here")


@pytest.mark.parametrize("start", ["3", 3.0, True])
def test_an_offset_is_a_whole_number(start):
    with pytest.raises(DataError, match="not a whole number") as caught:
        parse_answers({"text": ["red"], "answer_start": [start]}, "here")
    assert repr(start) in str(caught.value.got)


@pytest.mark.parametrize("starts", [[3], [3, 4, 5]])
def test_texts_and_offsets_are_as_many(starts):
    with pytest.raises(DataError, match=f"2 texts, {len(starts)} offsets"):
        parse_answers({"text": ["red", "blue"], "answer_start": starts}, "here")
