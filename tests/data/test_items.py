import hashlib
import pickle
from dataclasses import replace

import pytest

from harness.data import Item, content_hash

ITEM = Item("1", {"question": "Who?", "context": "Ann."}, ("Ann",), (0,), ("T", "c"))


def test_the_hash_does_not_depend_on_the_order_of_columns():
    turned = replace(ITEM, fields=dict(reversed(list(ITEM.fields.items()))))
    assert content_hash([turned]) == content_hash([ITEM])


@pytest.mark.parametrize(
    "change",
    [
        {"id": "2"},
        {"fields": {"question": "Who?", "context": "Ann!"}},
        {"fields": {"question": "Who?", "context": "Ann.", "title": ""}},
        {"answers": ("Ann", "Ann")},
        {"answers": ()},
        {"answer_starts": ()},
        {"answer_starts": (1,)},
        {"clusters": ("T", "d")},
        {"clusters": ("T",)},
    ],
)
def test_the_hash_depends_on_everything_in_an_item(change):
    assert content_hash([replace(ITEM, **change)]) != content_hash([ITEM])


def test_the_hash_depends_on_order_and_number():
    other = replace(ITEM, id="2")
    hashes = {content_hash(items) for items in ([], [ITEM], [ITEM, other], [other, ITEM])}
    assert len(hashes) == 4


def test_moving_a_character_between_neighbouring_texts_changes_the_hash():
    one, two = replace(ITEM, answers=("ab", "c")), replace(ITEM, answers=("a", "bc"))
    assert content_hash([one]) != content_hash([two])


def test_the_hash_is_the_same_on_every_machine_and_in_every_version():
    written = '["1", [["context", "Ann."], ["question", "Who?"]], ["Ann"], [0], ["T", "c"]]\n'
    assert content_hash([ITEM]) == hashlib.sha256(written.encode()).hexdigest()


def test_items_travel_between_processes():
    assert pickle.loads(pickle.dumps(ITEM)) == ITEM
