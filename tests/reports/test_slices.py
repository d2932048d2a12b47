"""Contrasts on slices: the right items, too few said so, and all slices corrected together."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control

from harness.audit.background import Background
from harness.experiment import Plan
from harness.results import RunRecord
from reports.analysis import analyse
from reports.scores import ScoreTable
from reports.slices import SliceResult, slice_results
from reports.statistics import paired_difference
from reports.study import Study, study_of


@pytest.fixture
def study(plan: Plan) -> Study:
    return study_of(plan)


@pytest.fixture
def table(study: Study, records: list[RunRecord]) -> ScoreTable:
    return ScoreTable.from_records(records, study, ("title",))


def background(table: ScoreTable) -> Background:
    """By items' numbers; the table's order is not that of the labels."""
    number = np.array([int(item[1:]) for item in table.items])
    labels = {
        "item": list(table.items),
        "half": np.where(number % 2 == 0, "even", "odd"),
        "answer_length": np.where(number < 100, "7+ words", "1 word"),
        "rare": np.where(number < 12, "one article", np.where(number < 100, "", "rest")),
        "spread": np.where(number % 8 == 0, "one of each", ""),
        "dense": np.where(number < 72, "nine articles", ""),
    }
    return Background(pd.DataFrame(labels).sample(frac=1, random_state=0), None)


def by_label(rows: tuple[SliceResult, ...], contrast: str) -> dict[str, SliceResult]:
    return {row.label: row for row in rows if row.contrast.startswith(contrast)}


def test_a_slice_is_measured_on_its_own_items(study: Study, table: ScoreTable) -> None:
    rows = by_label(slice_results(study, table, background(table)), "context")
    odd = np.array([int(item[1:]) % 2 == 1 for item in table.items])
    scores = table.columns["f1"]
    d = (scores[2:].mean(axis=0) - scores[:2].mean(axis=0))[:, odd]
    expected = paired_difference(d, table.outermost[odd])
    got = rows["odd"]
    assert got.n_items == odd.sum()
    assert (got.estimate, got.ci_low, got.ci_high) == pytest.approx(
        (expected.estimate, expected.ci_low, expected.ci_high)
    )


def test_too_few_items_or_clusters_get_no_interval(study: Study, table: ScoreTable) -> None:
    rows = by_label(slice_results(study, table, background(table)), "context")
    few = rows["one article"]
    assert (few.n_items, few.n_clusters, few.reason) == (12, 2, "too few")
    assert math.isfinite(few.estimate)
    assert math.isnan(few.ci_low)
    assert math.isnan(few.p_adjusted)
    spread, dense = rows["one of each"], rows["nine articles"]
    assert (spread.n_items, spread.n_clusters, spread.reason) == (25, 25, "too few")
    assert (dense.n_items, dense.n_clusters, dense.reason) == (72, 9, "too few")
    assert rows["rest"].n_items == 100
    assert rows["rest"].reason is None


def test_all_slices_of_all_contrasts_are_corrected_together(
    study: Study, table: ScoreTable
) -> None:
    rows = slice_results(study, table, background(table))
    assert len(rows) == 2 * 8
    known = [row for row in rows if row.reason is None]
    raw = []
    for row in known:
        named = background(table).labels.set_index("item").loc[list(table.items), row.slice]
        mask = (named == row.label).to_numpy()
        scores = table.columns["f1"]
        arms = (scores[2:], scores[:2]) if row.contrast.startswith("context") else (
            scores[1::2], scores[::2],
        )  # fmt: skip
        d = (arms[0].mean(axis=0) - arms[1].mean(axis=0))[:, mask]
        raw.append(paired_difference(d, table.outermost[mask]).p_value)
    expected = false_discovery_control(raw)
    assert [row.p_adjusted for row in known] == pytest.approx(expected.tolist())


def test_labels_keep_their_own_order(study: Study, table: ScoreTable) -> None:
    rows = [r for r in slice_results(study, table, background(table)) if r.slice[0] == "a"]
    assert [row.label for row in rows[::2]] == ["1 word", "7+ words"]


def test_an_early_look_has_wider_intervals(study: Study, table: ScoreTable) -> None:
    full = by_label(slice_results(study, table, background(table)), "context")["odd"]
    early = by_label(slice_results(study, table, background(table), 0.1), "context")["odd"]
    assert early.ci_low < full.ci_low
    assert early.p_adjusted == pytest.approx(min(10 * full.p_adjusted, 1))


def test_analysis_has_slices_where_items_are_known(
    study: Study, table: ScoreTable, records: list[RunRecord]
) -> None:
    assert analyse(study, table, records).slices == ()
    known = replace(study, background=background(table))
    assert len(analyse(known, table, records).slices) == 16
