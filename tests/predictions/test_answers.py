import pytest

from harness.errors import DataError
from harness.predictions.answers import Row, gathered


def test_whole_numbers_are_ids_and_null_is_no_answer():
    rows = [Row("1", 7, " a "), Row("2", "q", None), Row("3", "é", "")]
    assert gathered(rows) == (
        {"7": " a ", "q": "", "é": ""},
        ["1 of 3 predictions are null and count as no answer"],
    )


@pytest.mark.parametrize("identity", [None, "", " \n", True, 7.0, ["q"]])
def test_an_id_is_text_or_a_whole_number(identity):
    with pytest.raises(DataError, match="no item id") as caught:
        gathered([Row("f, line 3", identity, "a")])
    assert caught.value.where == "f, line 3"


@pytest.mark.parametrize("second", ["7", 7])
def test_a_repeated_id_is_named_with_both_places(second):
    rows = [Row("f, line 1", 7, "a"), Row("f, line 2", "q", "a"), Row("f, line 3", second, "a")]
    with pytest.raises(DataError, match="item '7' has two predictions") as caught:
        gathered(rows)
    assert (caught.value.where, caught.value.got) == ("f, line 3", "the first one at f, line 1")


@pytest.mark.parametrize("text", [3, 0.5, False, ["a"], {"text": "a"}])
def test_a_prediction_that_is_no_text_is_named(text):
    with pytest.raises(DataError, match="prediction for item 'q' is not text") as caught:
        gathered([Row("f, line 3", "q", text)])
    assert caught.value.where == "f, line 3"
    assert caught.value.got == f"{text!r} ({type(text).__name__})"


@pytest.mark.parametrize("row", [Row("f", "q", "a\ud83d"), Row("f", "q\ud83d", "a")])
def test_what_utf_8_cannot_hold_is_refused(row):
    with pytest.raises(DataError, match="surrogate"):
        gathered([row])
