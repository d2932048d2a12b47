from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.experiment import Plan
from harness.results import RunRecord
from reports.analysis import analyse
from reports.scores import ScoreTable
from reports.sections import SECTIONS, Page
from reports.study import study_of

ONE_FACTOR = {
    "precision": {"control": {"full": {}}, "treatments": {"nf4": {"model.precision": "nf4"}}}
}


def context_of(plan: Plan, records: list[RunRecord]) -> dict[str, Any]:
    study = study_of(plan)
    table = ScoreTable.from_records(records, study, ("title",))
    page = Page(study, table, analyse(study, table, records), tuple(records), {})
    return SECTIONS["effects"](page)


def test_two_factors_have_an_interaction_plot(plan: Plan, records: list[RunRecord]) -> None:
    context = context_of(plan, records)
    shown = context["interaction"]
    assert (shown["x"], shown["lines"], shown["n_more"]) == ("context", "precision", 0)
    assert shown["picture"].startswith("<svg")
    assert len(context["seeds"]["rows"]) == 6, "two contrasts at three seeds"


def test_the_seeds_numbers_are_those_of_the_comparison(
    make_experiment: Callable[..., Plan], records_of: Callable[..., list[RunRecord]]
) -> None:
    plan = make_experiment(
        factors=ONE_FACTOR,
        seeds=(4,),
        analysis={"hypotheses": [{"factor": "precision", "claim": "different"}]},
    )
    context = context_of(plan, records_of(plan, {"full": 0.3, "nf4": 0.6}))
    assert context["interaction"]["picture"] == ""
    (row,), (declared,) = context["seeds"]["rows"], context["declared"]
    assert row["seed"] == "4"
    for ours, theirs in (("control",) * 2, ("treatment",) * 2, ("difference", "estimate")):
        assert row[ours] == declared[theirs]


@pytest.mark.parametrize("n", [7, 9])
def test_what_has_no_panel_is_counted(
    make_experiment: Callable[..., Plan], records_of: Callable[..., list[RunRecord]], n: int
) -> None:
    levels = {f"r{r}": {"model.adapter.r": r} for r in range(9, 9 + n)}
    factors = {"rank": {"control": {"r8": {}}, "treatments": levels}}
    hypotheses = [{"factor": "rank", "claim": "different"}]
    plan = make_experiment(factors=factors, seeds=(0,), analysis={"hypotheses": hypotheses})
    context = context_of(plan, records_of(plan, {arm.name: 0.5 for arm in plan.arms}))
    assert context["seeds"]["n_more"] == n - 6
    assert len(context["seeds"]["rows"]) == n
