from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from harness.audit.lengths import MOST_BINS, QUANTILES, Lengths
from harness.audit.profile import Profile, Size, profile_of
from harness.data import Dataset, Item, load_dataset
from harness.experiment.data import Data


def item(name: str, words: int, *answers: str, place: tuple[str, ...] = ()) -> Item:
    return Item(name, {"question": " mola\n" * words}, answers, (), place)


TEST = (
    item("a", 3, "one", "one two three", place=("A", "A1")),
    item("b", 4, place=("A", "A2")),
    item("c", 12, "one two", place=("B", "B1")),
)
DATA = Dataset(
    (item("t", 5, "red"), item("u", 6, "red")),
    (),
    TEST,
    ("title", "context"),
    ("train: 2 items", "test: 3 items in 2 title and 3 context clusters", "test: something else"),
)


def lengths(profile: Profile, part: str, split: str) -> Lengths:
    (found,) = [one for one in profile.lengths if (one.part, one.split) == (part, split)]
    return found


def test_sizes_count_items_clusters_and_what_has_no_answer() -> None:
    assert profile_of({"x": DATA, "y": DATA}).sizes == (
        Size("train", ("x", "y"), 2, 0, ()),
        Size("test", ("x", "y"), 3, 1, (("title", 2), ("context", 3))),
    )


def test_arms_with_other_training_items_are_told_apart() -> None:
    more = replace(DATA, train=(*DATA.train, item("v", 40, "red")), notes=("train: more",))
    profile = profile_of({"x": DATA, "y": more, "z": DATA})
    assert [(one.arms, one.items) for one in profile.sizes if one.split == "train"] == [
        (("x", "z"), 2),
        (("y",), 3),
    ]
    assert [(one.arms, one.items) for one in profile.sizes if one.split == "test"] == [
        (("x", "y", "z"), 3)
    ]
    assert lengths(profile, "question", "train").items == 3, "an item of several arms counts once"
    assert lengths(profile, "question", "test").items == 3
    assert profile.notes == ("test: something else", "train: more")


def test_lengths_are_words_of_texts_that_are_there() -> None:
    profile = profile_of({"x": DATA})
    assert {(one.part, one.split) for one in profile.lengths} == {
        ("question", "train"), ("question", "test"), ("answer", "train"), ("answer", "test"),
    }  # fmt: skip
    question = lengths(profile, "question", "test")
    assert (question.items, question.width) == (3, 1)
    assert question.counts == (0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1)
    answer = lengths(profile, "answer", "test")
    assert (answer.items, answer.counts) == (2, (0, 1, 1)), "the first reference, if there is one"
    assert answer.quantiles == (1.0, 1.05, 1.25, 1.5, 1.75, 1.95, 2.0)


def test_a_few_long_texts_share_the_last_bin() -> None:
    words = [*range(1, 101)] * 10 + [100_000]
    many = replace(DATA, train=(), test=tuple(item(str(i), n) for i, n in enumerate(words)))
    found = lengths(profile_of({"x": many}), "question", "test")
    assert found.width == 5
    assert len(found.counts) == 21 + 3 == MOST_BINS
    assert found.counts[:2] == (40, 50)
    assert found.counts[19:] == (50, 10, 0, 0, 1)
    assert found.quantiles[-1] == 100_000


def test_json_gives_the_same_profile() -> None:
    profile = profile_of({"x": DATA, "y": replace(DATA, train=DATA.train[:1])})
    assert Profile.from_json(json.loads(json.dumps(profile.to_json()))) == profile


def test_squad(real) -> None:  # type: ignore[no-untyped-def]
    places = {"train": "train-v1.1-sample.json", "test": "dev-v1.1-sample.json"}
    files = {split: {"file": str(real / "squad" / name)} for split, name in places.items()}
    profile = profile_of({"x": load_dataset(Data.model_validate(files))})
    assert profile.notes == ()
    for split, name in places.items():
        tree = json.loads((real / "squad" / name).read_text())
        pairs = [
            (paragraph["context"], question)
            for article in tree["data"]
            for paragraph in article["paragraphs"]
            for question in paragraph["qas"]
        ]
        words = {
            "context": [len(context.split()) for context, _ in pairs],
            "question": [len(one["question"].split()) for _, one in pairs],
            "answer": [len(one["answers"][0]["text"].split()) for _, one in pairs],
        }
        for part, own in words.items():
            found = lengths(profile, part, split)
            np.testing.assert_allclose(found.quantiles, np.quantile(own, QUANTILES))
            edges = [found.width * place for place in range(len(found.counts))] + [10**9]
            assert list(found.counts) == np.histogram(own, edges)[0].tolist()
