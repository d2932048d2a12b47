"""Whatever a file holds: it is read, or refused with DataError; nothing else escapes."""

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.data import load_dataset
from harness.errors import DataError
from harness.experiment.data import Data

KINDS = ["a.json", "a.jsonl", "a.csv", "a.parquet"]
relaxed = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
KEYS = st.sampled_from(
    ["question", "answers", "answer", "id", "title", "context", "text", "answer_start", "data",
     "paragraphs", "qas", "is_impossible"]
)  # fmt: skip
TREES = st.recursive(
    ATOMS, lambda kids: st.lists(kids, max_size=3) | st.dictionaries(KEYS, kids, max_size=5)
)


def load_or_refuse(path):
    config = Data.model_validate({"train": {"file": str(path)}, "test": {"file": str(path)}})
    with contextlib.suppress(DataError):
        load_dataset(config)


@pytest.mark.parametrize("kind", KINDS)
@relaxed
@given(content=st.binary(max_size=60))
def test_any_bytes(write, kind, content):
    load_or_refuse(write(kind, content))


@pytest.mark.parametrize("kind", KINDS[:3])
@relaxed
@given(content=st.text('",\n{}[]:aé1\\\ufeff\0', max_size=40).map("question,answer\n{}".format))
def test_any_text(write, kind, content):
    load_or_refuse(write(kind, content))


@relaxed
@given(tree=TREES)
def test_any_json(write, tree):
    load_or_refuse(write("a.json", tree))
    load_or_refuse(write("b.jsonl", json.dumps(tree)))


@relaxed
@given(rows=st.lists(st.dictionaries(KEYS, TREES, max_size=5), max_size=4))
def test_any_rows(write, rows):
    whole = {"question": "Who?", "answers": "Ann"}
    load_or_refuse(write("a.json", [whole | row for row in rows]))


@relaxed
@given(data=st.data())
def test_squad_with_one_value_replaced(write, squad_tree, data):
    node = squad_tree
    while True:
        key = data.draw(st.sampled_from(list(node) if isinstance(node, dict) else range(len(node))))
        inner = node[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            break
        node = inner
    kept, node[key] = node[key], data.draw(TREES)
    load_or_refuse(write("a.json", squad_tree))
    node[key] = kept
