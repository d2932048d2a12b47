from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import pytest

from harness.audit.lengths import MOST_BINS, Lengths
from harness.audit.thresholds import Threshold
from harness.data.characters import Measured
from reports.plots.lengths import draw_lengths, draw_limit, length_panels, limit_panels

MEDIAN_7 = (1.0, 2.0, 4.0, 7.0, 8.0, 9.0, 12.0)
TEST = Lengths("test", "question", 8, MEDIAN_7, (0, 2, 6), 5)
TRAIN = Lengths("train", "question", 5, (1.0,) * 7, (4, 1, 0), 5)
OPEN = Lengths("train", "answer", 4, (1.0,) * 7, (1, *[0] * (MOST_BINS - 2), 3), 1)


def test_panels_are_parts_with_percent_of_each_split() -> None:
    validation = Lengths("validation", "question", 3, (1.0,) * 7, (1, 1, 1), 5)
    question, answer = length_panels([TRAIN, validation, TEST, OPEN])
    assert (question.part, question.width, question.open) == ("question", 5, False)
    assert (question.test, question.train) == ((0.0, 25.0, 75.0), (80.0, 20.0, 0.0))
    assert question.medians == (7.0, 1.0)
    assert (answer.part, answer.open, answer.test) == ("answer", True, ())
    assert math.isnan(answer.medians[0])
    assert sum(answer.train) == pytest.approx(100)


def test_drawing_tells_what_it_shows() -> None:
    root = ET.fromstring(draw_lengths(length_panels([TEST, TRAIN, OPEN])))
    assert root.get("aria-label") == (
        "Lengths in words. question: test median 7, most often 10 to 14, training median 1, most"
        " often 0 to 4; answer: training median 1, most often 23 or more"
    )
    assert draw_lengths(()) == ""


def limit_of(limit: int) -> Threshold:
    long = (Measured("train", "a", 31, ""), Measured("test", "b", 20, ""))
    lengths = (
        Lengths("train", "question", 5, MEDIAN_7, (4, 1, 0), 10, -9),
        Lengths("test", "question", 8, MEDIAN_7, (0, 2, 6), 10, -9),
    )
    return Threshold(("question",), limit, False, ("x",), lengths, long)


def test_a_limit_has_a_panel_for_each_split() -> None:
    test, train = limit_panels(limit_of(10))
    assert (test.split, train.split) == ("test", "training")
    assert (test.edges, test.shares, test.open) == ((-9, 1, 11, 21), (0.0, 25.0, 75.0), False)
    assert (test.median, test.beyond, train.beyond, train.limit) == (7.0, 1, 1, 10)


def test_drawing_of_a_limit_tells_how_many_are_beyond() -> None:
    drawn = draw_limit(limit_panels(limit_of(10)), "<question>")
    root = ET.fromstring(drawn)
    assert root.get("aria-label") == (
        "Characters of <question>, limit 10. test median 7, 1 item beyond the limit; training"
        " median 7, 1 item beyond the limit"
    )
    dashed = drawn.count("stroke-dasharray")
    assert dashed >= 2, "a line in each panel"
    far = draw_limit(limit_panels(limit_of(1_000)), "x")
    assert far.count("stroke-dasharray") == 0, "too far away to be drawn"
    assert draw_limit((), "x") == ""
