"""Contrasts without items that training may have given away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.audit.background import Background
from harness.audit.overlap import Overlap
from harness.experiment import Plan
from harness.results import RunRecord
from reports.analysis import analyse
from reports.overlap import without_overlap
from reports.scores import ScoreTable
from reports.statistics import paired_difference
from reports.study import Study, study_of


@pytest.fixture
def study(plan: Plan) -> Study:
    return study_of(plan)


@pytest.fixture
def table(study: Study, records: list[RunRecord]) -> ScoreTable:
    return ScoreTable.from_records(records, study, ("title",))


def background(table: ScoreTable, overlapping: list[str]) -> Background:
    labels = pd.DataFrame({"item": list(table.items)})
    return Background(labels, Overlap((), frozenset(overlapping), frozenset()))


def test_the_contrast_is_estimated_without_them(study: Study, table: ScoreTable) -> None:
    given_away = [f"q{i}" for i in range(40)]
    first, second = without_overlap(study, table, background(table, given_away))
    clean = ~np.isin(table.items, given_away)
    scores = table.columns["f1"]
    d = scores[2:].mean(axis=0) - scores[:2].mean(axis=0)
    assert first.everything == paired_difference(d, table.outermost)
    assert first.clean == paired_difference(d[:, clean], table.outermost[clean])
    assert first.clean.n_items == 160
    assert second.contrast == "precision: nf4 vs full"


def test_nothing_is_said_where_nothing_overlaps(
    study: Study, table: ScoreTable, records: list[RunRecord]
) -> None:
    assert without_overlap(study, table, background(table, [])) == ()
    unknown = replace(background(table, []), overlap=None)
    assert without_overlap(study, table, unknown) == ()
    assert analyse(study, table, records).cleaned == ()


def test_all_items_overlap(study: Study, table: ScoreTable) -> None:
    first, _ = without_overlap(study, table, background(table, list(table.items)))
    assert np.isnan(first.clean.estimate)
    assert first.clean.n_items == 0
