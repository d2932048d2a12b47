"""Reports made from the store: what their ablations are called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness import reporting
from harness.experiment.tuning import Tuning
from harness.tracking import StoredAblation

PLAIN = StoredAblation("a" * 32, "small", "plan", {}, (), (), None, None)
TUNED = replace(
    PLAIN,
    run_id="b" * 32,
    tuning=Tuning(
        metric="f1",
        direction="maximize",
        sampler="tpe",
        pruner="none",
        seeds=(1,),
        storage="x",
        arms={},
    ),
)


@pytest.mark.parametrize(
    ("stored", "labels"),
    [
        ([PLAIN, TUNED], ["small", "small, tuned"]),
        ([PLAIN, replace(PLAIN, run_id="c" * 32)], ["small (aaaaaaaa)", "small (cccccccc)"]),
        ([PLAIN, replace(PLAIN, name="other")], ["small", "other"]),
    ],
)
def test_ablations_side_by_side_can_be_told_apart(
    stored: list[StoredAblation], labels: list[str]
) -> None:
    assert reporting._labels(stored) == labels
