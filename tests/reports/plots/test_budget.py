from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from harness.experiment.tuning import Tuning
from reports.plots.budget import BudgetLine, budget_lines, draw_budget
from tests.reports.tunings import arm_of, tuning_of

NAN = math.nan


def lines_of(tuning: Tuning) -> tuple[BudgetLine, ...]:
    return budget_lines(tuning, 0.95, np.random.default_rng(0))


def test_random_trials_have_an_expectation_without_the_files_settings() -> None:
    (line,) = lines_of(tuning_of({"a": arm_of([1, 4, 7], default=50)}))
    assert line.value == pytest.approx((4, 6, 7))
    assert line.default == 50
    assert all(low <= high for low, high in zip(line.low, line.high, strict=True))


def test_losses_fall_and_their_band_has_its_ends_in_order() -> None:
    arm = arm_of([1, 4, 7, 2, 3, 5], loss=True)
    (line,) = lines_of(tuning_of({"a": arm}, metric="validation_loss"))
    assert line.value[0] == pytest.approx(22 / 6)
    assert line.value[-1] == 1
    assert all(map(math.isnan, line.low + line.high)), "a loss may be arbitrarily large"
    (line,) = lines_of(tuning_of({"a": arm}, direction="minimize"))
    assert all(low < high for low, high in zip(line.low, line.high, strict=True))


def test_other_searches_show_what_was_observed() -> None:
    arms = {"a": arm_of([3, None, 9], default=5), "b": arm_of([None, 2])}
    a, b = lines_of(tuning_of(arms, sampler="tpe"))
    assert a == ("a", (5, 5, 9), a.low, a.high, 5)
    np.testing.assert_equal(b.value, (NAN, 2))
    assert all(map(math.isnan, a.low + a.high + b.low + b.high))


def test_drawing_tells_what_kind_of_curve_it_is() -> None:
    arms = {"a < $b": arm_of([3, 4, 9], default=5), "c": arm_of([None])}
    tuning = tuning_of(arms, sampler="tpe")
    root = ET.fromstring(draw_budget(lines_of(tuning), tuning))
    assert root.get("aria-label") == (
        "Validation F1 by the number of trials, best so far, as observed. a < $b: file's settings"
        " 5.0, 1 trial 5.0, 3 trials 9.0; c: no score"
    )
    line = BudgetLine("a", (2.0, 1.25), (NAN, 1.0), (NAN, 1.5), NAN)
    drawn = draw_budget([line], tuning_of({}, metric="validation_loss"))
    assert ET.fromstring(drawn).get("aria-label") == (
        "Validation loss by the number of trials, expected best of k random trials. a: 1 trial 2, "
        "2 trials 1.25 (1 to 1.5)"
    )


def test_nothing_to_draw() -> None:
    tuning = tuning_of({"a": arm_of([None, None]), "b": arm_of([])})
    assert draw_budget(lines_of(tuning), tuning) == ""
    assert draw_budget((), tuning) == ""


def test_many_arms_share_out_over_panels() -> None:
    def height(n_arms: int) -> float:
        lines = [BudgetLine(f"arm {n}", (n + 1.0,), (NAN,), (NAN,), NAN) for n in range(n_arms)]
        box = ET.fromstring(draw_budget(lines, tuning_of({}))).get("viewBox")
        assert box is not None
        return float(box.split()[3])

    assert height(5) == pytest.approx(2 * height(4))
    assert height(4) == height(1)


def test_lines_differ_without_colour() -> None:
    lines = [BudgetLine(name, (1.0, 2.0), (NAN,) * 2, (NAN,) * 2, NAN) for name in "abcd"]
    svg = draw_budget(lines, tuning_of({}))
    dashes = {part.split('"')[0] for part in svg.split('stroke-dasharray="')[1:]}
    assert len(dashes) == 3, "and one line is solid"


def test_a_wide_band_leaves_the_lines_their_height() -> None:
    def height(high: float) -> float:
        line = BudgetLine("a", (40.0, 50.0), (40.0, 50.0), (high, high), 40.0)
        paths = ET.fromstring(draw_budget([line], tuning_of({}))).findall(".//{*}path")
        (drawn,) = [p.attrib["d"] for p in paths if p.get("stroke-width") == "1.7"]
        start, end = (float(y) for y in re.findall(r"[ML] \S+ (\S+)", drawn))
        return start - end

    assert height(100.0) == pytest.approx(height(60.0))
    assert height(50.0) > height(60.0) > 20
