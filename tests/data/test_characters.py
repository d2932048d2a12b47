import pytest

from harness.data import content_hash, load_dataset
from harness.data.characters import Measured
from harness.errors import DataError
from harness.experiment.data import Data

ROWS = ["aé🙂,xy", "a,b", '"two\nlines",zzz', "abcd,", "abcde,f"]  # 5, 2, 12, 4 and 6 characters


@pytest.fixture
def load(write):
    """Load five items as training and as test items, with a limit of characters."""
    file = str(write("a.csv", "\n".join(["question,answer", *ROWS]) + "\n"))

    def loader(max_characters, **sections):
        places = {"train": {"file": file}, "test": {"file": file}} | sections
        return load_dataset(Data.model_validate(places | {"max_characters": max_characters}))

    return loader


def ids(items):
    return [item.id for item in items]


def test_characters_of_all_fields_are_counted_together(load):
    found = load({"limit": 5}).characters
    assert (found.fields, found.limit, found.drop) == (("question", "answer"), 5, False)
    test = [one for one in found.items if one.split == "test"]
    assert [one.characters for one in test] == [5, 2, 12, 4, 6]
    assert test[2] == Measured("test", "test-3", 12, "two lines")
    only = load({"limit": 5, "fields": ["question"]}).characters
    assert [one.characters for one in only.items[:5]] == [3, 1, 9, 4, 5]
    assert load(None).characters is None


def test_the_first_reference_and_any_other_field_can_be_counted(load, write):
    rows = [
        {"question": "abc", "answers": ["a", "much longer"], "input": "12"},
        {"question": "abc", "answers": []},
    ]
    places = {split: {"file": str(write("r.json", rows))} for split in ("train", "test")}
    both = load({"limit": 5, "fields": ["answer", "input"]}, **places).characters
    assert [one.characters for one in both.items[:2]] == [3, 0]


def test_longer_items_are_counted_and_named_longest_first(load):
    data = load({"limit": 5})
    assert len(data.test) == len(data.train) == 5, "flagged, not left out"
    assert (
        "test: 2 of 5 items have more than 5 characters of question and answer together:"
        " test-3 (12), test-5 (6)"
    ) in data.notes
    assert content_hash(data.test) == content_hash(load(None).test)
    every = load({"limit": 1}).notes
    (note,) = [one for one in every if one.startswith("train: 5 of 5 items have more")]
    assert note.endswith(": train-3 (12), train-5 (6), train-1 (5) and 2 more")
    assert any(
        note == "no item has more than 12 characters of question and answer together; the longest"
        " has 12"
        for note in load({"limit": 12}).notes
    )


def test_longer_items_are_left_out_of_every_split(load):
    data = load({"limit": 5, "drop": True})
    assert ids(data.train) == ["train-1", "train-2", "train-4"]
    assert ids(data.test) == ["test-1", "test-2", "test-4"], "5 of 5 characters is not too long"
    (note,) = [one for one in data.notes if one.startswith("test: 2 of 5 items")]
    assert "together and are left out: test-3 (12), test-5 (6)" in note
    assert "test: 3 items" in data.notes
    assert not any(note.startswith("no item has") for note in data.notes)
    assert [one.item for one in data.characters.items if one.characters > 5] == [
        "train-3", "train-5", "test-3", "test-5",
    ]  # fmt: skip


def test_a_limit_is_drawn_before_and_validation_is_carved_after(load, write):
    limited = {"file": str(write("b.csv", "\n".join(["question,answer", *ROWS]))), "limit": 2}
    flagged = load({"limit": 5}, train=limited)
    data = load({"limit": 5, "drop": True}, train=limited)
    assert len(flagged.train) == 2
    assert ids(data.train) == [i for i in ids(flagged.train) if i not in ("train-3", "train-5")]
    carved = load({"limit": 5, "drop": True}, validation={"share": 0.34})
    assert sorted(ids(carved.train + carved.validation)) == ["train-1", "train-2", "train-4"]
    assert len(carved.validation) == 1


def test_what_cannot_be_done_is_said(load):
    for drop in (False, True):
        with pytest.raises(DataError, match="no field 'answers' whose characters") as caught:
            load({"limit": 5, "fields": ["question", "answers"], "drop": drop})
        assert caught.value.where == "base.data.max_characters.fields"
        assert (caught.value.allowed, caught.value.fix) == (
            "answer, question", "did you mean 'answer'?",
        )  # fmt: skip
    with pytest.raises(DataError, match="every train item is too long") as caught:
        load({"limit": 1, "drop": True})
    assert "the shortest of 5 items has 2 characters" in caught.value.got
    with pytest.raises(ValueError, match="named twice"):
        load({"limit": 1, "fields": ["question", "question"]})
