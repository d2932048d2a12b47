"""The section on single items: counts of all of them, the declared pair first, what is left out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from harness.audit.background import Background
from harness.experiment import Plan
from harness.results import RunRecord
from reports import packing
from reports.analysis import analyse
from reports.build import render
from reports.scores import ScoreTable
from reports.sections import SECTIONS, Page
from reports.study import Study, study_of

Records = list[RunRecord]


def page_of(study: Study, records: Records) -> Page:
    table = ScoreTable.from_records(records, study, ("title",))
    return Page(study, table, analyse(study, table, records), tuple(records), {})


def test_counts_of_every_pair_of_arms(plan: Plan, records: Records) -> None:
    page = page_of(study_of(plan), records)
    context = SECTIONS["items"](page)
    rows = {(row["control"], row["treatment"]): row["counts"] for row in context["pairs"]}  # type: ignore[attr-defined]
    assert len(rows) == 6
    right = {
        arm: sum(page.table.columns["em"][place, seed] for seed in range(3)) >= 200
        for place, arm in enumerate(page.table.arms)
    }
    a, b = "question / nf4", "question+context / full"
    expected = [~right[a] & right[b], right[a] & ~right[b], right[a] & right[b]]
    counts = [int(mask.sum()) for mask in expected]
    assert rows[a, b] == [str(n) for n in (*counts, 200 - sum(counts))]
    assert counts[0] > 100


def test_the_declared_contrast_is_chosen_first(plan: Plan, records: Records) -> None:
    study = study_of(plan)
    hypotheses = tuple(h for h in study.hypotheses if h.contrast.name.startswith("precision"))
    for declared, pair in ((study.hypotheses, (0, 2)), (hypotheses, (0, 1)), ((), (0, 3))):
        context = SECTIONS["items"](page_of(replace(study, hypotheses=declared), records))
        assert (context["control"], context["treatment"]) == pair


def test_slices_are_offered_by_place(plan: Plan, records: Records) -> None:
    labels = {"item": [f"q{i}" for i in range(200)], "answerable": ["yes"] * 199 + ["no"]}
    study = replace(study_of(plan), background=Background(pd.DataFrame(labels), None))
    context = SECTIONS["items"](page_of(study, records))
    assert context["slices"] == [{"title": "Answerable", "labels": [("0:0", "no"), ("0:1", "yes")]}]
    data = json.loads(str(context["data"]))
    assert data["slices"][0]["labels"] == ["no", "yes"]
    assert data["slices"][0]["codes"] == [1] * 199 + [0]


def test_what_is_left_out_is_said(
    plan: Plan, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing.fitted, "__defaults__", (20_000,))
    page = page_of(study_of(plan), records)
    html, context = render(page), SECTIONS["items"](page)
    assert "The questions were not stored with these results." in html
    n_left = 200 - len(json.loads(str(context["data"]))["ids"])
    assert 0 < n_left < 200
    assert f"Left out to keep the file small: {n_left} of 200 items, " in html
    # The table counts what the list leaves out.
    assert all(sum(map(int, row["counts"])) == 200 for row in context["pairs"])  # type: ignore[attr-defined]


def test_without_scripts_the_counts_and_a_sentence_remain(plan: Plan, records: Records) -> None:
    html = render(page_of(study_of(plan), records))
    assert '<p id="items-static">' in html
    assert '<div id="items-browser" hidden>' in html
    assert '<table id="items-counts">' in html


def test_one_pair_of_many_arms(
    make_experiment: Callable[..., Plan], records_of: Callable[..., Records]
) -> None:
    levels = {f"r{r}": {"model.adapter.r": r} for r in (1, 2, 3, 5)}
    factors = {"rank": {"control": {"r4": {"model.adapter.r": 4}}, "treatments": levels}}
    plan = make_experiment(factors=factors, analysis={})
    records = records_of(plan, {arm.name: 0.5 for arm in plan.arms})
    context = SECTIONS["items"](page_of(study_of(plan), records))
    pairs = [row["control"] for row in context["pairs"]]  # type: ignore[attr-defined]
    assert pairs == ["r4"] * 4
    assert context["against_first"]
