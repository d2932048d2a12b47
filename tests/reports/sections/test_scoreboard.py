from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.experiment import Plan
from harness.results import RunRecord
from reports.analysis import analyse
from reports.arms import arm_means
from reports.scores import ScoreTable
from reports.sections import SECTIONS, Page
from reports.study import study_of
from reports.wording import points

Records = list[RunRecord]


def page_of(plan: Plan, records: Records) -> Page:
    study = study_of(plan)
    table = ScoreTable.from_records(records, study, ("title",))
    return Page(study, table, analyse(study, table, records), tuple(records), {})


def rows_of(page: Page) -> dict[str, dict[str, Any]]:
    rows: Any = SECTIONS["scoreboard"](page)["rows"]
    return {row["arm"]: row for row in rows}


def test_the_best_is_marked_only_where_it_is_supported(
    plan: Plan, records: Records, records_of: Callable[..., Records]
) -> None:
    page = page_of(plan, records)
    assert not any(row["best"] for row in rows_of(page).values())
    rule = str(SECTIONS["scoreboard"](page)["rule"])
    assert "highest mean, but not clearly above question+context / " in rule
    shares = {arm.name: 0.2 for arm in plan.arms} | {"question+context / nf4": 0.9}
    clear = page_of(plan, records_of(plan, shares))
    marked = [arm for arm, row in rows_of(clear).items() if row["best"]]
    assert marked == ["question+context / nf4"]
    assert str(SECTIONS["scoreboard"](clear)["rule"]).endswith("over these pairs).")


def test_nothing_is_marked_before_the_first_look(
    plan: Plan, records_of: Callable[..., Records]
) -> None:
    shares = {arm.name: 0.2 for arm in plan.arms} | {"question+context / nf4": 0.9}
    page = page_of(plan, records_of(plan, shares))
    early = replace(page.analysis, reached=replace(page.analysis.reached, state="early"))
    context = SECTIONS["scoreboard"](replace(page, analysis=early))
    assert not any(row["best"] for row in context["rows"])  # type: ignore[attr-defined]
    assert context["rule"] is None


def test_intervals_have_the_level_of_the_look(plan: Plan, records: Records) -> None:
    page = page_of(plan, records)
    at = page.analysis.reached
    part = replace(at, look=at.look._replace(weight=0.2))
    later = replace(page, analysis=replace(page.analysis, reached=part))
    for one, level in ((page, 0.95), (later, 0.99)):
        rows = rows_of(one)
        for mean in arm_means(page.table, "f1", level):
            expected = f"{points(mean.ci_low)} to {points(mean.ci_high)}"
            assert rows[mean.arm]["interval"] == expected
    assert SECTIONS["scoreboard"](later)["level"] == "99%"


def test_scoreboard_has_what_arms_cost(page: Page) -> None:
    context = SECTIONS["scoreboard"](page)
    assert context["costs"] == ["MB", "s"]
    own = [r.metrics for r in page.records if r.arm == "question / nf4"]
    seconds = sum(m["train_seconds"] + m["generate_seconds"] for m in own) / len(own)
    row = context["rows"][1]  # type: ignore[index]
    assert row["costs"] == ["0.9", f"{seconds:.3g}"]
    unknown = tuple(replace(record, metrics={}) for record in page.records)
    assert SECTIONS["scoreboard"](replace(page, records=unknown))["costs"] == []
