from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable

import numpy as np
import pytest

from harness.experiment import Plan
from harness.results import RunRecord
from reports.plots.pairs import MOST_PANELS, SeedLine, SeedPanel, draw_pairs, seed_panels
from reports.scores import ScoreTable
from reports.study import study_of

INTERACTION = {
    "hypotheses": [
        {"interaction": ["context", "precision"], "claim": "different"},
        {"factor": "precision", "claim": "better", "metric": "em"},
    ]
}


def panel(*lines: tuple[float, float]) -> SeedPanel:
    seeds = tuple(SeedLine(seed, *pair) for seed, pair in enumerate(lines))
    return SeedPanel("x: b vs a", "x", "f1", "a", "b", seeds)


def test_a_line_per_seed_averages_over_the_other_factor(
    plan: Plan, records: list[RunRecord]
) -> None:
    table = ScoreTable.from_records(records[1:], study_of(plan), ("title",))
    table.columns["f1"][3, 2, 5] = np.nan  # unscored, so it is left out of every seed
    first, second = seed_panels(study_of(plan), table)
    kept = np.delete(table.columns["f1"], 5, axis=2)
    assert [line.seed for line in first.lines] == [1, 2], "seed 0 lacks a run"
    for line in first.lines:
        q_full, q_nf4, c_full, c_nf4 = kept[:, line.seed].mean(axis=1)
        assert line.control == pytest.approx((q_full + q_nf4) / 2)
        assert line.treatment == pytest.approx((c_full + c_nf4) / 2)
        assert line.difference == pytest.approx((c_full + c_nf4 - q_full - q_nf4) / 2)
    assert (first.control, first.treatment, first.factor) == (
        "question", "question+context", "context",
    )  # fmt: skip
    assert (second.control, second.treatment) == ("full", "nf4")


def test_only_main_effects_on_their_metric(
    make_experiment: Callable[..., Plan], records: list[RunRecord]
) -> None:
    study = study_of(make_experiment(analysis=INTERACTION))
    table = ScoreTable.from_records(records, study, ())
    (only,) = seed_panels(study, table)
    assert (only.contrast, only.metric) == ("precision: nf4 vs full", "em")
    assert only.lines[0].control == pytest.approx(table.columns["em"][[0, 2], 0].mean())
    assert seed_panels(study, ScoreTable.from_records([], study, ())) == ()


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([(1, 2), (3, 5)], "all 2 seeds rise"),
        ([(2, 1), (3, 1), (3, 2)], "all 3 seeds fall"),
        ([(2, 2), (3, 3)], "all 2 seeds are level"),
        ([(1, 2), (2, 1), (2, 3)], "2 of 3 seeds rise, 1 fall"),
        ([(1, 2), (2, 1), (3, 3)], "1 of 3 seeds rise, 1 fall, 1 level"),
        ([(1, 2)], "one seed: it rises"),
        ([(2, 1)], "one seed: it falls"),
    ],
)
def test_agreement(pairs: list[tuple[float, float]], words: str) -> None:
    assert panel(*pairs).agreement == words


def test_drawing() -> None:
    svg = draw_pairs([panel((10, 12), (11, 10.5))])
    assert ET.fromstring(svg).get("aria-label") == (
        "Each seed's mean scores. x: b vs a (F1), 1 of 2 seeds rise, 1 fall: "
        "seed 0 10.0 to 12.0, seed 1 11.0 to 10.5"
    )
    assert "stroke-dasharray" in svg
    assert "stroke-dasharray" not in draw_pairs([panel((10, 12))])
    assert draw_pairs([]) == ""


def test_only_so_many_panels() -> None:
    many = [panel((1, 2))._replace(contrast=f"c{i}", treatment=r"$\frac{") for i in range(9)]
    label = ET.fromstring(draw_pairs(many)).get("aria-label") or ""
    assert f"c{MOST_PANELS - 1} " in label
    assert f"c{MOST_PANELS} " not in label
