"""Expected shifts are worked out by hand, BLEU's by sacrebleu."""

from __future__ import annotations

import math

import pandas as pd
import pytest
import sacrebleu

from harness.metrics import METRICS
from harness.results import RunRecord
from reports.noise import NoiseFloor, largest_shift, noise_floors

GOLD = ["red stone by old mill", "six white boats at sea", "mola town hall clock", "in deep winter"]
FIRST = ["red stone by old mill", "six white boats at sea", "mola town hall clock", "vesh"]
SECOND = [
    "red stone by old mill",
    "six white boats",  # the article-free text has 3 of 5 words: F1 = 2 * 3 / (3 + 5)
    "mola town hall clock.",  # the same answer to every metric, but another text
    "in deep winter",
]


def record(again: list[str] | None, *, gold: list[list[str]] | None = None) -> RunRecord:
    table = pd.DataFrame(
        {
            "item": [f"q{i}" for i in range(4)],
            "references": gold or [[text] for text in GOLD],
            "prediction": FIRST,
        }
    )
    if again is not None:
        table["again"] = again
    return RunRecord("control", 7, "finished", "f", predictions=table)


def test_shifts_are_second_minus_first_in_points() -> None:
    (floor,) = noise_floors([record(SECOND)])
    assert (floor.arm, floor.seed, floor.n_items, floor.n_changed) == ("control", 7, 4, 3)
    assert list(floor.shifts) == [name for name, metric in METRICS.items() if not metric.needs]
    assert floor.shifts["em"] == pytest.approx(0), "one lost, one won"
    by_words = (100 + 75 + 100 + 100) / 4 - 300 / 4
    for metric in ("f1", "rouge1", "rougeL"):
        assert floor.shifts[metric] == pytest.approx(by_words)
    pairs = 2 * 2 / (2 + 4)  # two of four word pairs
    assert floor.shifts["rouge2"] == pytest.approx((100 * (3 + pairs) - 300) / 4)
    first, second = (sacrebleu.corpus_bleu(texts, [GOLD]).score for texts in (FIRST, SECOND))
    assert abs(second - first) > 1
    assert floor.shifts["bleu"] == pytest.approx(second - first)


def test_the_same_answers_shift_nothing() -> None:
    (floor,) = noise_floors([record(FIRST)])
    assert floor.n_changed == 0
    assert set(floor.shifts.values()) == {0.0}


def test_only_runs_that_answered_twice_have_a_floor() -> None:
    twice = record(SECOND)
    assert twice.predictions is not None
    empty = RunRecord("control", 8, "finished", "f", predictions=twice.predictions.iloc[:0])
    failed = RunRecord("control", 9, "failed", "f", reason="out of memory")
    floors = noise_floors([record(None), failed, empty, twice])
    assert [floor.seed for floor in floors] == [7]
    assert noise_floors([]) == ()


def test_a_metric_that_scores_nothing_has_an_unknown_shift() -> None:
    (floor,) = noise_floors([record(SECOND, gold=[[]] * 4)])
    assert math.isnan(floor.shifts["bleu"])
    assert floor.shifts["f1"] == 0


def test_the_largest_shift_counts_without_its_sign() -> None:
    floors = [NoiseFloor("a", seed, 4, 1, {"f1": shift, "bleu": math.nan})
              for seed, shift in enumerate((math.nan, 0.25, -0.75, 0.5))]  # fmt: skip
    assert largest_shift(floors, "f1") == 0.75
    assert math.isnan(largest_shift(floors, "bleu"))
    assert math.isnan(largest_shift([], "f1"))
