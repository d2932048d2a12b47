"""Items as the report holds them: the right texts, answers and scores, and what changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from harness.audit.background import Background
from harness.experiment import Plan
from harness.results import RunRecord
from reports.items import LONGEST_ANSWER, Items, _spans, items_of, outcomes
from reports.scores import ScoreTable
from reports.study import Study, study_of

ASTRAL = "𝒜😀 "


def with_texts(study: Study, table: ScoreTable) -> Study:
    """Each reference stands behind two astral characters; the rows are not in the table's order."""
    number = [int(item[1:]) for item in table.items]
    texts = pd.DataFrame(
        {
            "item": list(table.items),
            "question": [f"Which year {n}?" for n in number],
            "context": [f"{ASTRAL}in year {n} at mola{n} ever" for n in number],
            "answer_start": [3 if n != 7 else 0 for n in number],
        }
    )
    labels = pd.DataFrame(
        {
            "item": list(table.items),
            "half": ["even" if n % 2 == 0 else "odd" for n in number],
            "answer_length": ["7+ words" if n < 50 else "1 word" if n > 60 else "" for n in number],
        }
    )
    mixed = texts.sample(frac=1, random_state=0)
    return replace(study, background=Background(labels.iloc[::-1], None, texts=mixed))


@pytest.fixture
def study(plan: Plan) -> Study:
    return study_of(plan)


def collected(study: Study, records: list[RunRecord], *, texts: bool = True) -> Items:
    table = ScoreTable.from_records(records, study, ("title",))
    return items_of(with_texts(study, table) if texts else study, table, records)


def test_texts_answers_and_scores_of_an_item(study: Study, records: list[RunRecord]) -> None:
    # One run stores its items in another order.
    frame = records[4].predictions
    assert frame is not None
    records[4] = replace(records[4], predictions=frame.iloc[::-1].reset_index(drop=True))
    items = collected(study, records)
    place = items.ids.index("q33")
    assert items.questions[place] == "Which year 33?"
    start, end = items.spans[place]
    assert items.contexts[items.context_of[place]][start:end] == "in year 33 at mola33"
    assert [items.texts[t] for t in items.references[place]] == ["in year 33 at mola33"]
    for record in records:
        run = items.arms.index(record.arm), items.seeds.index(record.seed), place
        assert record.predictions is not None
        answer = record.predictions.set_index("item")["prediction"]["q33"]
        assert items.texts[items.answers[run]] == answer
        assert items.em[run] == (answer == "in year 33 at mola33")
        assert items.f1[run] == {"in year 33 at mola33": 100, "in year 33 by tarn33": 60}.get(
            answer, 0
        )
    assert len(set(items.texts)) == len(items.texts)


def test_an_answer_that_is_not_where_it_should_be_has_no_span(
    study: Study, records: list[RunRecord]
) -> None:
    items = collected(study, records)
    assert items.spans[items.ids.index("q7")].tolist() == [-1, -1]
    assert (items.spans[8:] >= 0).all()


def test_spans_count_code_points() -> None:
    spans = _spans(["é 𝒜😀é y", "", "b"], [2, 0, 0], [["𝒜😀é"], [""], []])
    assert spans.tolist() == [[2, 5], [-1, -1], [-1, -1]]


def test_labels_follow_the_items_in_the_slices_own_order(
    study: Study, records: list[RunRecord]
) -> None:
    half, length = collected(study, records).slices
    assert (half.name, half.labels) == ("half", ("even", "odd"))
    assert half.codes[:4].tolist() == [0, 1, 0, 1]
    assert length.labels == ("1 word", "7+ words")
    assert length.codes[[49, 50, 60, 61]].tolist() == [1, -1, -1, 0]


def test_missing_runs_and_texts_are_unknown(
    study: Study, plan: Plan, records_of: Callable[..., list[RunRecord]]
) -> None:
    shares = {arm.name: 0.5 for arm in plan.arms}
    records = records_of(plan, shares, without=[("question / nf4", 1)])
    items = collected(study, records, texts=False)
    gap = items.arms.index("question / nf4"), items.seeds.index(1)
    assert (items.answers[gap] == -1).all()
    assert (items.em[gap] == -1).all()
    assert (items.answers >= 0).sum() == 11 * 200
    assert set(items.questions) == {""}
    assert (items.spans == -1).all()
    # A cluster level called context is the paragraph itself.
    assert items.contexts[items.context_of[5]] == "Paragraph 1"
    assert len(items.contexts) == 50


def test_unanswerable_items(study: Study, records: list[RunRecord]) -> None:
    for record in records:
        frame = record.predictions
        assert frame is not None
        frame.at[0, "references"] = []
        frame.loc[0, "prediction"] = "" if record.seed == 0 else "in year"
    items = collected(study, records)
    assert items.references[0] == ()
    assert items.spans[0].tolist() == [-1, -1]
    assert items.em[:, :, 0].tolist() == [[1, 0, 0]] * 4


def test_without_any_run(study: Study) -> None:
    items = collected(study, [], texts=False)
    assert items.ids == ()
    assert items.answers.shape == (4, 3, 0)


def test_endless_answers_are_cut_and_counted(study: Study, records: list[RunRecord]) -> None:
    frame = records[0].predictions
    assert frame is not None
    frame.loc[3, "prediction"] = "x" * (LONGEST_ANSWER + 1)
    frame.loc[4, "prediction"] = "y" * LONGEST_ANSWER
    items = collected(study, records)
    assert items.n_cut == 1
    assert "x" * LONGEST_ANSWER + "…" in items.texts
    assert "y" * LONGEST_ANSWER in items.texts


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("000", "110", 0),
        ("110", "100", 1),
        ("101", "011", 2),
        ("100", "001", 3),
        ("11", "10", 1),  # half of the seeds is not more than half
        ("1-1", "00-", 1),  # only the first seed counts
        ("0-0", "1-0", 3),
        ("1-", "-1", -1),
    ],
)
def test_right_is_more_than_half_of_the_common_seeds(before: str, after: str, code: int) -> None:
    table = [[["01-".index(sign)] for sign in arm] for arm in (before, after)]
    em = np.where(np.array(table) == 2, -1, np.array(table))
    assert outcomes(em, 0, 1).tolist() == [code]
