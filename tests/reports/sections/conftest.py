"""A page of invented runs, and one whose items have labels and overlap with training."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from harness.audit.background import Background, Exposed
from harness.audit.overlap import Example, Finding, Overlap
from harness.experiment import Plan
from harness.results import RunRecord
from reports.analysis import analyse
from reports.scores import ScoreTable
from reports.sections import Page
from reports.study import study_of


@pytest.fixture
def page(plan: Plan, records: list[RunRecord]) -> Page:
    table = ScoreTable.from_records(records, study_of(plan), ("title",))
    return Page(
        study_of(plan),
        table,
        analyse(study_of(plan), table, records),
        tuple(records),
        {"Commit": "abc"},
    )


@pytest.fixture
def known(plan: Plan, records: list[RunRecord]) -> Page:
    """A page whose items have labels and of which some overlap with training."""
    ids = [f"q{i}" for i in range(200)]
    halves = ["what" if i % 2 else "who" for i in range(190)] + ["rare"] * 10
    example = Example("q1", "who <b>", "t9", "Who was it?", 0.875)
    findings = (
        Finding("test", "question", "near", 3, 200, (example,)),
        Finding("test", "answer", "exact", 20, 200, ()),
        Finding("test", "context", "exact", 0, 0, ()),
    )
    overlap = Overlap(findings, frozenset(ids[:30]), frozenset())
    exposed = (
        Exposed("tiny", 0.034, 12, ("One. ", "Two."), ""),
        Exposed("t5", math.nan, 0, (), "it has no likelihood"),
    )
    labels = pd.DataFrame({"item": ids, "question_word": halves})
    study = study_of(plan, background=Background(labels, overlap, exposed))
    table = ScoreTable.from_records(records, study, ("title",))
    return Page(study, table, analyse(study, table, records), tuple(records), {})
