import json

import pytest

from harness.audit import Overlap, audit_overlap
from harness.audit.overlap import Example
from harness.data import Dataset, Item, load_dataset
from harness.experiment.data import Data

PASSAGE = (
    "The Tarn rises in the hills above Mola and flows north through two lakes before it meets"
    " the Vesh near the old town where boats were built for his court"
)


def item(name, question, answers=("red",), context=None):
    fields = {"question": question} | ({} if context is None else {"context": context})
    return Item(name, fields, tuple(answers), (), ())


def audited(train, test, validation=()):
    return audit_overlap(Dataset(tuple(train), tuple(validation), tuple(test), (), ()))


def numbers(overlap, split="test"):
    """(items, of) by part and kind."""
    found = [f for f in overlap.findings if f.split == split]
    return {(f.part, f.kind): (f.items, f.of) for f in found if f.items}


def test_a_passage_seen_in_training_is_an_overlap_whatever_is_asked():
    train = [item("t", "Where does it rise?", ["the hills"], PASSAGE)]
    nearly = PASSAGE.replace("court", "family")
    test = [
        item("same", "What does it meet?", ["the Vesh"], PASSAGE.upper() + "!"),
        item("near", "How many lakes?", ["two"], nearly),
        item("other", "Who is king?", ["Sol"], " ".join(reversed(PASSAGE.split()))),
    ]
    overlap = audited(train, test)
    assert numbers(overlap) == {("context", "exact"): (1, 3), ("context", "near"): (1, 3)}
    assert overlap.overlapping == {"same", "near"}
    (example,) = overlap.finding("test", "context", "near").examples
    # 28 runs of three words in each; the last word is in one of them
    assert example == Example("near", nearly, "t", PASSAGE, 27 / 29)


def test_a_short_context_is_listed_and_gives_nothing_away():
    overlap = audited(
        [item("t", "Sum up.", context="no input")], [item("x", "Go.", context="No input")]
    )
    assert numbers(overlap)["context", "exact"] == (1, 1)
    assert overlap.overlapping == set()


@pytest.mark.parametrize(
    ("train_context", "test_context", "counts"),
    [
        (None, None, True),
        ("Mola is red.", "Mola is red", True),
        ("Mola is red.", "Tarn is blue.", False),
        ("Mola is red.", None, True),
        (None, "Mola is red.", True),
    ],
)
def test_the_same_question_counts_unless_it_is_asked_about_another_context(
    train_context, test_context, counts
):
    train = [item("t", "What colour is it?", ["red"], train_context)]
    overlap = audited(train, [item("x", "what COLOUR is it", ["blue"], test_context)])
    assert overlap.finding("test", "question", "exact").items == 1
    assert overlap.overlapping == ({"x"} if counts else set())


LONG = "a game of eleven words or more that no two writers put alike"


@pytest.mark.parametrize(
    ("train_answer", "test_answer", "counts"),
    [("Graf", "the graf", True), ("Graf", "Seles", False), (LONG, LONG + " again", True)],
)
def test_a_near_question_counts_where_the_answers_do_not_set_it_apart(
    train_answer, test_answer, counts
):
    question = "Who won the women's singles championship at Wimbledon in {}?"
    train = [item("t", question.format(1989), [train_answer])]
    overlap = audited(train, [item("x", question.format(1990), ["?", test_answer])])
    assert numbers(overlap)["question", "near"] == (1, 1)
    assert overlap.overlapping == ({"x"} if counts else set())


def test_answers_are_compared_as_em_compares_them():
    train = [item("t", "a?", ["The Seine", "%"]), item("u", "b?", [])]
    test = [
        item("x", "c?", ["Loire", "seine"]),
        item("y", "d?", ["Loire"]),
        item("z", "e?", ["?"]),
        item("none", "f?", []),
    ]
    overlap = audited(train, test, validation=test[:1])
    assert overlap.answer_seen == {"x"}
    assert numbers(overlap)["answer", "exact"] == (1, 3)
    assert numbers(overlap, "validation") == {("answer", "exact"): (1, 1)}
    assert overlap.finding("test", "answer", "exact").examples[0].train_item == "t"
    assert overlap.overlapping == set()


def test_examples_are_of_different_texts_the_nearest_first_and_short():
    words = [f"w{at}" for at in range(100)]
    train = [item("t", " ".join(words)), item("u", "one two three four five")]
    test = [item(f"far{at}", "one two three four") for at in range(4)]
    test += [item(f"near{at}", " ".join([*words, f"x{at}"])) for at in range(3)]
    finding = audited(train, test).finding("test", "question", "near")
    assert finding.items == 7
    assert [example.item for example in finding.examples] == ["near0", "near1", "near2"]
    assert {len(example.text) for example in finding.examples} == {160}
    finding = audited(train, test[:5]).finding("test", "question", "near")
    assert [example.item for example in finding.examples] == ["near0", "far0"]


def test_an_example_names_the_nearest_training_item():
    words = "one two three four five six seven eight nine ten"
    train = [item("far", words.removeprefix("one two ")), item("near", words.removeprefix("one "))]
    (example,) = audited(train, [item("x", words)]).finding("test", "question", "near").examples
    assert (example.train_item, example.similarity) == ("near", 0.9)


def test_three_answers_are_shown():
    names = "abcd"
    train = [item(name, f"{name}?", [f"answer {name}"]) for name in names]
    test = [item(f"x{name}", f"{name}!!{name}", [f"answer {name}"]) for name in [*names, "a"]]
    finding = audited(train, test).finding("test", "answer", "exact")
    assert (finding.items, len(finding.examples)) == (5, 3)


def test_an_item_is_exact_or_near_and_not_both():
    train = [item("t", "one two three four"), item("u", "one two three four five")]
    assert numbers(audited(train, [item("x", "One two three four?")])) == {
        ("question", "exact"): (1, 1),
        ("answer", "exact"): (1, 1),
    }


def test_an_audit_survives_json():
    overlap = audited([item("t", "one two three four")], [item("x", "one two three four five")])
    assert overlap.overlapping == {"x"}
    assert Overlap.from_json(json.loads(json.dumps(overlap.to_json()))) == overlap


def test_no_item_to_compare():
    overlap = audited([], [item("x", "?!")])
    assert [f.of for f in overlap.findings if f.part == "question"] == [0, 0, 0, 0]
    assert len(overlap.findings) == 10


def load(train, test, **sections):
    tree = {"train": {"file": str(train)}, "test": {"file": str(test)}} | sections
    return load_dataset(Data.model_validate(tree))


def test_squad_is_as_its_readme_says(real):
    data = load(real / "squad/train-v1.1-sample.json", real / "squad/dev-v1.1-sample.json")
    overlap = audit_overlap(data)
    assert numbers(overlap) == {("question", "near"): (1, 4880), ("answer", "exact"): (816, 4880)}
    assert overlap.overlapping == set()


def test_squad_v2_lies_within_v1(real):
    data = load(real / "squad/dev-v1.1-sample.json", real / "squad/dev-v2.0-sample.json")
    overlap = audit_overlap(data)
    assert numbers(overlap)["context", "exact"] == (1114, 1114)
    assert numbers(overlap)["question", "exact"] == (452, 1114)
    assert len(overlap.overlapping) == 1114


def test_viggo_repeats_meaning_representations(real):
    data = load(
        real / "viggo/train.csv", real / "viggo/test.csv",
        validation={"file": str(real / "viggo/validation.csv")},
        fields={"question": "mr", "answer": "ref"},
    )  # fmt: skip
    overlap = audit_overlap(data)
    for split, texts in (("test", 10), ("validation", 7)):
        raw = {i.fields["question"] for i in data.train}
        same = [i for i in getattr(data, split) if i.fields["question"] in raw]
        assert len({i.fields["question"] for i in same}) == texts  # as the README says
        assert overlap.finding(split, "question", "exact").items == len(same)
    assert overlap.answer_seen == set()
