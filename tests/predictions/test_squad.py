import json

import pytest

from harness.errors import DataError
from harness.predictions.answers import gathered
from harness.predictions.source import opened
from harness.predictions.squad import squad_predictions


def answers(path):
    return gathered(squad_predictions(opened(path)).rows)[0]


@pytest.mark.parametrize("indent", [None, 1])
def test_every_key_is_an_item(write, indent):
    tree = {"56be": "Denver", "5ad3": "", '"q": \\': 'say "x": 1\nand more', "é": "\ufeff"}
    assert answers(write("a.json", json.dumps(tree, indent=indent))) == tree


@pytest.mark.parametrize(
    ("last", "what"),
    [
        ('"b": 0.5', "item 'b' is not text"),
        ('"b": {"text": "c",\n"score": 1}', "item 'b' is not text"),
        ('"a \\": 1": "c"', "has two predictions"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(write, last, what):
    text = '{"a \\": 1": "x\\": \\n",\r\n  "n"\n: null,\n' + last + ', "z": "c"}'
    with pytest.raises(DataError, match=what) as caught:
        answers(write("a.json", "\ufeff" + text))
    assert caught.value.where.endswith("a.json, line 4")


@pytest.mark.parametrize(
    "tree",
    [
        {"version": "v2.0", "data": []},
        {"q1": [{"text": "a", "probability": 0.5}]},
        {"results": {"squad": {}}, "configs": {}},
    ],
)
def test_other_objects_are_left_alone(write, tree):
    assert squad_predictions(opened(write("a.json", tree))) is None
