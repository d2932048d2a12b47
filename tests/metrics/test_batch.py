"""Checking a batch, and scoring it once."""

from __future__ import annotations

import numpy as np
import pytest

from harness.metrics.batch import as_batch, once_per_batch


def test_repeated_references_are_one():
    assert as_batch(["x"], [["b", "a", "b"]]) == (("x",), (("b", "a"),))


def test_arrays_of_strings_are_sequences_of_strings():
    assert as_batch(np.array(["x"], dtype=object), [np.array(["a"], dtype=object)]) == (
        ("x",),
        (("a",),),
    )


@pytest.mark.parametrize(
    ("predictions", "references", "error", "message"),
    [
        ("x", [["x"]], TypeError, r"predictions: got one string 'x'.* fix: \[prediction\]"),
        (["x", "y"], [["x"]], ValueError, "2 predictions and 1 lists of references"),
        (["x", None], [["x"], []], TypeError, r"predictions\[1\]: got None, need a string"),
        (["x", "y"], [["x"], "y"], TypeError, r"references\[1\]: got one string 'y'"),
        (["x"], [None], TypeError, r"references\[0\]: got None.* fix: \[\]"),
        (["x"], [["x", None]], TypeError, r"references\[0\]: got None among them"),
        (["x"], [[["x"]]], TypeError, r"references\[0\]: got \[\['x'\]\]"),
    ],
)
def test_what_is_wrong_is_named(predictions, references, error, message):
    with pytest.raises(error, match=message):
        as_batch(predictions, references)


def test_the_batch_scored_last_is_not_scored_again():
    batches = []

    @once_per_batch
    def score(predictions, references):
        batches.append(predictions)
        return np.array([[float(len(prediction))] for prediction in predictions])

    first, again = score(["ab"], [["x"]]), score(("ab",), [("x",)])
    np.testing.assert_array_equal(first, again)
    assert score(["abc"], [["x"]])[0, 0] == 3
    score(["abc"], [["y"]])
    assert batches == [("ab",), ("abc",), ("abc",)]
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 1
