from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from harness.experiment import Plan
from harness.results import RunRecord
from reports.analysis import analyse
from reports.arms import arm_means
from reports.scores import ScoreTable
from reports.sections import SECTIONS, Page
from reports.study import Study, study_of
from reports.wording import points

COSTS = {  # footprint_mb, train_seconds
    "question / full": (2.0, 10.0),
    "question / nf4": (1.0, 40.0),
    "question+context / full": (2.0, 30.0),
    "question+context / nf4": (1.5, 50.0),
}


def page_of(study: Study, records: Sequence[RunRecord]) -> Page:
    table = ScoreTable.from_records(records, study, ("title",))
    return Page(study, table, analyse(study, table, records), tuple(records), {})


def with_costs(record: RunRecord, **changes: float) -> RunRecord:
    memory, seconds = COSTS[record.arm]
    known = {"footprint_mb": memory, "train_seconds": seconds, "generate_seconds": 2.0}
    return replace(record, metrics={**record.metrics, **known, **changes})


@pytest.fixture
def page(plan: Plan, records: list[RunRecord]) -> Page:
    return page_of(study_of(plan), [with_costs(r) for r in records])


def shown(page: Page) -> list[dict[str, Any]]:
    return SECTIONS["cost"](page)["frontiers"]  # type: ignore[return-value]


def test_arms_are_placed_on_both_frontiers(page: Page) -> None:
    memory, time = shown(page)
    assert memory["title"] == "Against memory of the weights"
    places = {row["arm"]: row["place"] for row in memory["rows"]}
    assert places["question / nf4"] == "on the frontier"
    assert places["question / full"].startswith("beaten by ")
    assert [row["cost"] for row in time["rows"]] == ["12", "32", "42", "52"]
    assert time["best"] == ["question / full", "question+context / full"]
    assert time["rows"][2]["place"] == "beaten by question / full and 1 more"
    assert [memory["picture"][:4], time["picture"][:4]] == ["<svg", "<svg"]


def test_the_table_has_the_arms_means_and_intervals(page: Page) -> None:
    rows = {row["arm"]: row for row in shown(page)[0]["rows"]}
    for mean in arm_means(page.table, "f1"):
        assert rows[mean.arm]["score"] == points(mean.mean)
        assert rows[mean.arm]["interval"] == f"{points(mean.ci_low)} to {points(mean.ci_high)}"


def test_what_is_unknown_is_left_out(page: Page) -> None:
    nan = math.nan
    plain = replace(page, records=tuple(replace(r, metrics={}) for r in page.records))
    assert shown(plain) == []
    timeless = [with_costs(r, train_seconds=nan, footprint_mb=nan) for r in page.records]
    (memory,) = shown(replace(page, records=tuple(timeless)))
    assert memory["title"] == "Against peak memory"
    some = [r if "nf4" in r.arm else replace(r, metrics={}) for r in page.records]
    assert {one["left_out"] for one in shown(replace(page, records=tuple(some)))} == {
        ("question / full", "question+context / full")
    }


def test_one_arm_has_no_frontier(plan: Plan, records: list[RunRecord]) -> None:
    study = replace(study_of(plan), arms=("question / full",), hypotheses=())
    own = [with_costs(r) for r in records if r.arm == "question / full"]
    assert shown(page_of(study, own)) == []
