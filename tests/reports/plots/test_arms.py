from __future__ import annotations

import xml.etree.ElementTree as ET

from harness.experiment import Plan
from harness.results import RunRecord
from reports.plots.arms import ArmPoints, arm_points, draw_arms
from reports.scores import ScoreTable
from reports.study import study_of


def test_points_are_the_runs_that_exist(plan: Plan, records: list[RunRecord]) -> None:
    table = ScoreTable.from_records(records[1:], study_of(plan), ("title",))
    rows = arm_points(table, "f1")
    assert [len(row.scores) for row in rows] == [2, 3, 3, 3]
    assert rows[1].scores[0] == table.columns["f1"][1, 0].mean()
    assert rows[1].mean == sum(rows[1].scores) / 3


def test_drawing() -> None:
    svg = draw_arms((ArmPoints("a<", (50.0, 52.0)), ArmPoints("b", ())), "f1")
    label = ET.fromstring(svg).get("aria-label")
    assert label == "F1 of each arm by seed. a<: 50.0, 52.0; b: no run"
    assert draw_arms((ArmPoints("b", ()),), "f1") == ""
