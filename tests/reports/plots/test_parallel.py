from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from reports.plots.parallel import (
    ABSENT,
    draw_parallel,
    parallel_panels,
    setting,
    short_names,
)
from reports.plots.svg import ORANGE
from tests.reports.tunings import RATE, arm_of, tuning_of

SPACE: dict[str, Any] = {
    RATE: {"kind": "float", "low": 1e-5, "high": 1e-1, "log": True},
    "model.adapter.kind": {"kind": "categorical", "choices": ["lora", "dora", [1, True]]},
    "model.adapter.r": {"kind": "int", "low": 4, "high": 8, "when": {"model.adapter.kind": "lora"}},
}
PARAMS: list[dict[str, Any]] = [
    {RATE: 1e-3, "model.adapter.kind": "lora", "model.adapter.r": 5},
    {RATE: 1e-5, "model.adapter.kind": [1, True]},
    {RATE: 1e-1, "model.adapter.kind": "dora"},
]


def test_heights_are_those_of_each_scale() -> None:
    (panel,) = parallel_panels(tuning_of({"a": arm_of([4, None, 8], space=SPACE, params=PARAMS)}))
    first, failed, best = panel.lines
    assert first.heights == pytest.approx((0.5, 0.0, 0.25))
    assert failed.heights[:2] == (0.0, 1.0)
    assert math.isnan(failed.heights[2])
    assert best.heights[:2] == (1.0, 0.5)
    assert (first.score, best.score, best.shade, best.value) == (0.0, 1.0, 1.0, 8.0)
    assert math.isnan(failed.score)
    assert panel.ends == (4.0, 8.0)
    rate, kind, rank = panel.axes
    assert (rate.name, rate.ticks) == ("learning_rate", ((0.0, "1e-5"), (1.0, "0.1")))
    assert kind.ticks == ((0.0, "lora"), (0.5, "dora"), (1.0, "[1, true]"))
    assert rank.ticks == ((0.0, "4"), (1.0, "8"), (ABSENT, "not used"))


def test_a_smaller_loss_is_higher() -> None:
    arm = arm_of([1.0, 10.0, 100.0], loss=True)
    (panel,) = parallel_panels(tuning_of({"a": arm}, metric="validation_loss"))
    assert [line.score for line in panel.lines] == pytest.approx([1.0, 0.5, 0.0])
    assert [line.value for line in panel.lines] == [1.0, 10.0, 100.0]
    assert panel.ends == (100.0, 1.0)


def test_names_are_short_and_stay_different() -> None:
    paths = ["training.epochs", "model.adapter.r", "model.kind", "model.adapter.kind", "a_kind"]
    assert short_names(paths) == {
        "training.epochs": "epochs",
        "model.adapter.r": "adapter.r",
        "model.kind": "model.kind",
        "model.adapter.kind": "adapter.kind",
        "a_kind": "a_kind",
    }


def test_the_settings_that_matter_least_have_no_axis() -> None:
    space = {f"training.p{n}": {"kind": "int", "low": 0, "high": 9} for n in range(8)}
    shares = {f"training.p{n}": share for n, share in enumerate((0, 9, 8, 1, 7, 6, 5, 4))}
    arm = arm_of([1.0], space=space, params=[dict.fromkeys(space, 1)], importances=shares)
    (panel,) = parallel_panels(tuning_of({"a": arm}))
    assert [axis.path[-1] for axis in panel.axes] == list("124567")
    assert panel.left_out == ("training.p0", "training.p3")


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e-05, "1e-5"), (0.00123456, "0.001235"), (8, "8"), (True, "true"), ("a", "a"),
     ([1, None], "[1, null]"), (1e-10, "1e-10")],
)  # fmt: skip
def test_settings_as_text(value: Any, text: str) -> None:
    assert setting(value) == text


def test_drawing_tells_each_arm() -> None:
    arms = {"a < $b": arm_of([4, None, 8], space=SPACE, params=PARAMS), "none": arm_of([])}
    tuning = tuning_of(arms)
    root = ET.fromstring(draw_parallel(parallel_panels(tuning), tuning))
    assert root.get("aria-label") == (
        "Settings and validation score of every trial, by arm. a < $b: 3 trials over "
        "learning_rate, kind, adapter.r, 1 without a score, best 8.0"
    )
    assert draw_parallel((), tuning) == ""


def test_the_best_is_emphasised_and_failed_ones_are_dashed() -> None:
    def drawn(*values: float | None) -> tuple[int, int]:
        tuning = tuning_of({"a": arm_of(values)})
        svg = draw_parallel(parallel_panels(tuning), tuning)
        return svg.count(ORANGE), svg.count("stroke-dasharray")

    assert drawn(1, 2, 3) == (1, 0)
    assert drawn(1, None, 3, None) == (1, 2)
    assert drawn(None) == (0, 1)
