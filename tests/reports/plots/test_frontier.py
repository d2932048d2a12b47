from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import pytest

from harness.results import RunRecord
from reports.arms import ArmMean
from reports.plots.frontier import (
    Frontier,
    draw_frontier,
    frontier,
    mean_cost,
    memory_column,
    seconds_of,
)

NAN = math.nan


def score(arm: str, mean: float) -> ArmMean:
    return ArmMean(arm, mean, mean - 2, mean + 3, 3, "recipe", None)


def record(arm: str, seed: int = 0, **costs: float) -> RunRecord:
    return RunRecord(arm, seed, "finished", "", metrics=costs)


@pytest.fixture
def example() -> Frontier:
    means = {"small": 50.0, "good": 70.0, "worse": 60.0, "same": 70.0, "weak": 55.0, "dear": 70.0}
    costs = {"small": 1.0, "good": 4.0, "worse": 5.0, "same": 4.0, "weak": 4.0, "dear": 9.0}
    scores = [*(score(arm, mean) for arm, mean in means.items()), score("free", 99.0)]
    unknown = {"free": NAN, "failed": 1.0}
    scores.append(ArmMean("failed", NAN, NAN, NAN, 0, "checkpoints", "no finished run"))
    return frontier(scores, costs | unknown, "memory", "MB", "f1")


def test_beaten_is_no_better_in_score_and_in_cost(example: Frontier) -> None:
    beaten = {p.arm: p.beaten_by for p in example.points}
    assert beaten == {
        "small": (),
        "good": (),
        "same": (),
        "worse": ("good", "same"),
        "weak": ("good", "same"),
        "dear": ("good", "same"),
    }
    assert example.left_out == ("free", "failed")
    assert example.points[0][1:5] == (50.0, 48.0, 53.0, 1.0)


def test_costs_are_means_over_the_runs_that_know_them() -> None:
    runs = [
        record("a", 0, train_seconds=10.0, generate_seconds=2.0, peak_memory_mb=5.0),
        record("a", 1, train_seconds=14.0, generate_seconds=4.0),
        record("a", 2, train_seconds=99.0),
        record("b"),
    ]
    costs = mean_cost(runs, ("a", "b"), seconds_of)
    assert costs["a"] == 15.0
    assert math.isnan(costs["b"])
    assert memory_column(runs) == "peak_memory_mb"
    assert memory_column([*runs, record("b", footprint_mb=NAN)]) == "peak_memory_mb"
    assert memory_column([*runs, record("b", footprint_mb=1.0)]) == "footprint_mb"


def test_drawing_says_what_is_on_the_frontier(example: Frontier) -> None:
    some = example._replace(points=(example.points[0], example.points[2]._replace(low=NAN)))
    label = ET.fromstring(draw_frontier(some, "f1")).get("aria-label")
    assert label == (
        "F1 against memory in MB. small: 50.0 (interval 48.0 to 53.0) at 1, on the frontier; "
        "worse: 60.0 at 5, beaten by good, same"
    )
    assert draw_frontier(some._replace(points=some.points[:1]), "f1") == ""


@pytest.mark.parametrize("factor", [1.0, 3.0, 5000.0])
def test_costs_of_any_range_can_be_drawn(factor: float) -> None:
    costs = {"a": 0.9, "$b": 0.9 * factor}
    svg = draw_frontier(frontier([score("a", 1), score("$b", 2)], costs, "time", "s", "f1"), "f1")
    assert ET.fromstring(svg).get("role") == "img"
