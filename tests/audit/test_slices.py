import pytest

from harness.audit import SLICES, Overlap, slice_labels
from harness.audit.slices import LABEL_ORDER
from harness.data import Dataset, Item
from harness.errors import DataError

OVERLAP = Overlap((), overlapping=frozenset({"1"}), answer_seen=frozenset({"2"}))


def item(name="1", question="Who?", answers=("a",), starts=(), **fields):
    return Item(name, {"question": question, **fields}, tuple(answers), starts, ())


def labels(items, wanted=None, overlap=None):
    return slice_labels(Dataset((), (), tuple(items), (), ()), overlap, wanted)


@pytest.mark.parametrize(
    ("question", "label"),
    [
        ("In what year did it end?", "what"),
        ("HOW  many boats?", "how many"),
        ("At how much?", "how much"),
        ("However, how did it end?", "how"),
        ("To whom was it given?", "who"),
        ("Whose boat?", "who"),
        ("What's it called?", "what"),
        ("Which town, where it ends?", "which"),
        ("Did it end?", "yes/no"),
        ("Name the town.", "other"),
        ("Island of the whole shower?", "other"),
        (" ", ""),
    ],
)
def test_question_word(question, label):
    assert SLICES["question_word"](item(question=question), None) == label


@pytest.mark.parametrize(
    ("answers", "label"),
    [
        (("a b", "a"), "1 word"),
        (("a b",), "2–3 words"),
        (("a b c",), "2–3 words"),
        (("a b c d",), "4–6 words"),
        (("a b c d e f",), "4–6 words"),
        (("a b c d e f g",), "7+ words"),
        ((), ""),
    ],
)
def test_answer_length_is_that_of_the_shortest_reference(answers, label):
    assert SLICES["answer_length"](item(answers=answers), None) == label


@pytest.mark.parametrize(
    ("words", "label"),
    [
        (0, ""),
        (49, "under 50 words"),
        (50, "50–99 words"),
        (149, "100–149 words"),
        (150, "150–199 words"),
        (200, "200–499 words"),
        (500, "500+ words"),
    ],
)
def test_context_length(words, label):
    assert SLICES["context_length"](item(context="w " * words), None) == label


@pytest.mark.parametrize(
    ("starts", "label"),
    [
        ((2, 8), "first third"),
        ((3,), "middle third"),
        ((5,), "middle third"),
        ((6,), "last third"),
        ((8,), "last third"),
        ((9,), ""),
        ((-1,), ""),
        ((), ""),
    ],
)
def test_answer_position_is_where_the_first_reference_starts(starts, label):
    assert SLICES["answer_position"](item(starts=starts, context="abcdefghi"), None) == label


def test_what_training_has_seen():
    items = [item("1"), item("2"), item("3", answers=())]
    table = labels(items, ["overlap", "answer_seen", "answerable"], OVERLAP)
    assert table.to_dict("list") == {
        "item": ["1", "2", "3"],
        "overlap": ["yes", "no", "no"],
        "answer_seen": ["no", "yes", ""],
        "answerable": ["yes", "yes", "no"],
    }
    without = labels(items, ["overlap", "answer_seen"])
    assert set(without["overlap"]) | set(without["answer_seen"]) == {""}


def test_slices_that_tell_no_items_apart_are_left_out_unless_named():
    items = [item("1", "Who?", ["a"], starts=(0,), context="abc"), item("2", "When?", ["a"])]
    assert list(labels(items, None, OVERLAP)) == ["item", "question_word", "answer_seen", "overlap"]
    assert list(labels(items)) == ["item", "question_word"]
    assert list(labels(items, ["answerable"])["answerable"]) == ["yes", "yes"]
    assert list(labels(items, [])) == ["item"]


def test_a_field_keeps_its_most_frequent_values():
    items = [item(str(at), subject=f"s{at % 14}") for at in range(40)]  # s0 to s11 thrice
    items += [
        item("40", subject=" "),
        item("41"),
        item("42", subject="s13"),
        item("43", subject=" s13\n"),
    ]
    column = labels(items, ["subject"])["subject"]
    assert set(column) == {*(f"s{at}" for at in range(10)), "s13", "(other values)", ""}
    assert (column == "s13").sum() == 4
    assert (column == "(other values)").sum() == 8  # s10 to s12: 3, 3 and 2 items
    assert list(column[40:42]) == ["", ""]


@pytest.mark.parametrize(
    ("texts", "what"),
    [(["short", "x" * 81], "x" * 81), ([f"own {at}" for at in range(12)], "own")],
)
def test_a_field_of_texts_is_no_slice(texts, what):
    items = [item(str(at), passage=text) for at, text in enumerate(texts)]
    with pytest.raises(DataError, match="holds texts, not groups") as caught:
        labels(items, ["passage"])
    assert caught.value.where == "analysis.slices"
    assert what in str(caught.value.got)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(DataError, match="no slice and no field 'anser_length'") as caught:
        labels([item(subject="s")], ["subject", "anser_length"])
    assert caught.value.where == "analysis.slices"
    assert caught.value.got == "anser_length"
    assert caught.value.allowed == ", ".join([*SLICES, "question", "subject"])
    assert caught.value.fix == "did you mean 'answer_length'?"


@pytest.mark.parametrize(
    ("wanted", "what"),
    [
        (["prompt"], "name of a column of the results"),
        (["f1"], "name of a column of the results"),
        (["overlap", "overlap"], "named twice"),
    ],
)
def test_names_that_would_clash(wanted, what):
    with pytest.raises(DataError, match=what) as caught:
        labels([item(prompt="p", f1="1")], wanted)
    assert caught.value.where == "analysis.slices"


def test_slices_and_their_order_have_names_of_their_own():
    from harness.results import RESERVED_COLUMNS

    assert not SLICES.keys() & RESERVED_COLUMNS
    assert LABEL_ORDER.keys() <= SLICES.keys()
