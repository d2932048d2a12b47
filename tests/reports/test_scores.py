from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from harness.errors import DataError
from harness.experiment import Plan
from harness.metrics import METRICS, corpus_scores, score_items
from harness.results import RunRecord
from reports.scores import ScoreTable
from reports.study import study_of

CLUSTERS = ("title", "context")
Records = list[RunRecord]


def test_scores_are_aligned_by_item_not_by_row(plan: Plan, records: Records) -> None:
    straight = ScoreTable.from_records(records, study_of(plan), CLUSTERS)
    order = np.random.default_rng(0).permutation(200)
    shuffled = [
        replace(r, predictions=r.predictions.iloc[order]) if i else r  # type: ignore[union-attr]
        for i, r in enumerate(records)
    ]
    again = ScoreTable.from_records(shuffled, study_of(plan), CLUSTERS)
    for column, values in straight.columns.items():
        np.testing.assert_array_equal(values, again.columns[column])
    assert straight.columns["f1"].shape == (4, 3, 200)
    assert straight.clusters.shape == (200, 2)


def test_every_run_has_the_scores_of_its_own_answers(plan: Plan, records: Records) -> None:
    table = ScoreTable.from_records(records, study_of(plan), CLUSTERS)
    for record in records:
        assert record.predictions is not None
        answers = record.predictions["prediction"].tolist()
        alone = score_items(answers, record.predictions["references"].tolist())
        place = table.arms.index(record.arm), table.seeds.index(record.seed)
        for column, values in alone.items():
            np.testing.assert_array_equal(table.columns[column][place], values)


@pytest.mark.parametrize("metric", [name for name, one in METRICS.items() if not one.needs])
def test_contributions_have_the_corpus_score_as_mean(
    metric: str, plan: Plan, records: Records
) -> None:
    table = ScoreTable.from_records(records, study_of(plan), CLUSTERS)
    means = table.contributions(metric).mean(axis=2)
    np.testing.assert_allclose(means, table.corpus(metric), rtol=1e-9)
    one = {column: values[2, 1] for column, values in table.columns.items()}
    assert means[2, 1] == pytest.approx(corpus_scores(one)[metric])


def test_long_cluster_labels_are_shortened_but_stay_apart(plan: Plan, records: Records) -> None:
    for record in records:
        assert record.predictions is not None
        record.predictions["context"] = "word " * 200 + record.predictions["context"]
    table = ScoreTable.from_records(records, study_of(plan), CLUSTERS)
    assert len(set(table.clusters[:, 1])) == 50
    assert max(map(len, table.clusters[:, 1])) == 60


def test_missing_runs_are_nan(plan: Plan, records: Records) -> None:
    lost = records.pop(5)
    table = ScoreTable.from_records(records, study_of(plan), CLUSTERS)
    present = table.present()
    assert present.sum() == 11
    assert not present[table.arms.index(lost.arm), table.seeds.index(lost.seed)]
    assert np.isnan(table.contributions("f1")).all(axis=2).sum() == 1


def test_no_run_at_all(plan: Plan) -> None:
    table = ScoreTable.from_records([], study_of(plan), CLUSTERS)
    assert table.items == ()
    assert not table.present().any()
    assert np.isnan(table.corpus("bleu")).all()


def test_long_form_and_back(plan: Plan, records: Records) -> None:
    table = ScoreTable.from_records(records[:-1], study_of(plan), CLUSTERS)
    frame = table.to_frame()
    assert list(frame)[:5] == ["arm", "seed", "item", "title", "context"]
    assert len(frame) == 4 * 3 * 200
    again = ScoreTable.from_frame(frame)
    assert (again.arms, again.seeds, again.items) == (table.arms, table.seeds, table.items)
    np.testing.assert_array_equal(again.clusters, table.clusters)
    for column, values in table.columns.items():
        np.testing.assert_array_equal(again.columns[column], values)
    with pytest.raises(DataError, match="one row for every arm, seed and item"):
        ScoreTable.from_frame(frame.iloc[1:])
    with pytest.raises(DataError, match="no column 'item'"):
        ScoreTable.from_frame(frame.drop(columns="item"))


def changed(record: RunRecord, change: Callable[..., object]) -> RunRecord:
    assert record.predictions is not None
    frame = record.predictions.copy()
    result = change(frame)
    return replace(record, predictions=frame if result is None else result)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.iloc[:-1], "same test items"),
        (lambda f: f.assign(item=f["item"].where(f.index > 0, "other")), "such as 'other'"),
        (lambda f: f.assign(item=f["item"].where(f.index > 0, "q7")), "occurs twice"),
        (lambda f: f.assign(references=[["?"]] * len(f)), "other references"),
        (lambda f: f.assign(title="x"), "other clusters"),
        (lambda f: f.drop(columns="title"), "no title"),
    ],
)
def test_runs_that_do_not_match(
    change: Callable[..., object], message: str, plan: Plan, records: Records
) -> None:
    records[3] = changed(records[3], change)
    with pytest.raises(DataError, match=message) as caught:
        ScoreTable.from_records(records, study_of(plan), CLUSTERS)
    assert f"run {records[3].arm} / seed {records[3].seed}" in str(caught.value)
