from __future__ import annotations

import csv
import io
import json

from harness.audit.profile import Profile, profile_of
from harness.audit.thresholds import long_items_csv, thresholds_of
from harness.data import Dataset
from harness.data.characters import Characters, Measured

ITEMS = (
    Measured("train", "t1", 90, "one, two"),
    Measured("train", "t2", 120, 'a "b"'),
    Measured("test", "e1", 100, "c"),
    Measured("test", "e2", 300, "d"),
)


def dataset(items: tuple[Measured, ...], limit: int = 100, *, drop: bool = False) -> Dataset:
    characters = Characters(("question", "answer"), limit, drop, items)
    return Dataset((), (), (), (), (), characters)


def test_items_beyond_the_limit_are_listed_longest_first() -> None:
    shared = dataset(ITEMS)
    (found,) = thresholds_of({"x": shared, "y": shared})
    assert (found.limit, found.drop, found.arms) == (100, False, ("x", "y"))
    assert found.long == (ITEMS[3], ITEMS[1])
    assert [(one.split, one.part, one.items) for one in found.lengths] == [
        ("train", "question + answer", 2), ("test", "question + answer", 2),
    ]  # fmt: skip
    assert thresholds_of({"x": Dataset((), (), (), (), ())}) == ()


def test_arms_with_the_same_limit_are_pooled_and_others_are_not() -> None:
    more = dataset((*ITEMS, Measured("train", "t3", 200, "e")))
    arms = {"x": dataset(ITEMS), "y": more, "z": dataset(ITEMS, limit=250)}
    first, second = thresholds_of(arms)
    assert first.arms == ("x", "y")
    assert [one.item for one in first.long] == ["e2", "t3", "t2"], "an item of both counts once"
    assert [one.items for one in first.lengths] == [3, 2]
    assert (second.arms, [one.item for one in second.long]) == (("z",), ["e2"])


def test_the_table_has_every_long_item() -> None:
    text = long_items_csv(thresholds_of({"x": dataset(ITEMS, drop=True)}))
    assert list(csv.DictReader(io.StringIO(text)))[1] == {
        "split": "train", "item": "t2", "characters": "120", "of": "question + answer",
        "limit": "100", "left_out": "yes", "begins_with": 'a "b"',
    }  # fmt: skip
    assert text.count("\n") == 3
    assert long_items_csv(thresholds_of({"x": dataset(ITEMS, limit=300)})) == ""


def test_json_gives_the_same_thresholds() -> None:
    profile = profile_of({"x": dataset(ITEMS)})
    assert profile.thresholds[0].long
    tree = json.loads(json.dumps(profile.to_json()))
    assert Profile.from_json(tree) == profile
    del tree["thresholds"]  # as stored by a version that had none
    assert Profile.from_json(tree).thresholds == ()
