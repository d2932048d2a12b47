from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from harness.results import Curve, RunRecord
from reports.plots.curves import (
    CurvePanel,
    RunCurves,
    curve_panels,
    curve_scale,
    draw_curves,
    thinned,
)

NAN, INF = math.nan, math.inf


def run(train: Curve, *, failed: bool = False) -> RunCurves:
    return RunCurves(0, train, (), failed, NAN)


def test_panels_are_the_arms_and_what_was_logged() -> None:
    loss = ((1, 4.0), (2, 2.0))
    records = [
        RunRecord(
            "b", 7, "finished", "f", metrics={"kept_step": 2.0},
            curves={"train_loss": loss, "validation_loss": ((2, 3.0),), "validation_f1": ((2, 9),)},
        ),
        RunRecord("a", 7, "missing", "f"),
        RunRecord("a", 8, "failed", "f", "diverged"),
    ]  # fmt: skip
    a, b = curve_panels(records, ["a", "b"])
    assert b == CurvePanel("b", (RunCurves(7, loss, ((2, 3.0),), False, 2.0),))
    assert a.arm == "a"
    assert [(one.seed, one.failed, one.train) for one in a.runs] == [(8, True, ())]
    assert curve_panels(records[1:], ["a", "b"]) == ()
    untrained = RunRecord("c", 7, "finished", "f", metrics={"kept_step": 0.0})
    assert curve_panels([*records, untrained], ["c", "b"]) == (b,)


def test_a_long_curve_keeps_its_ends_and_its_extremes() -> None:
    values = np.random.default_rng(3).normal(2, 0.1, 5_000)
    values[1_234], values[3_210] = 9.0, -9.0
    curve = tuple((10 * step, float(value)) for step, value in enumerate(values))
    short = thinned(curve)
    assert 200 < len(short) <= 302
    assert set(short) <= set(curve)
    assert list(short) == sorted(short)
    assert {curve[0], curve[-1], curve[1_234], curve[3_210]} <= set(short)
    assert thinned(curve[:300]) == curve[:300]


def test_a_long_curve_keeps_where_it_broke() -> None:
    curve = tuple((step, NAN if step > 900 else INF if step == 900 else 1.0) for step in range(999))
    short = thinned(curve)
    assert (900, INF) in short
    assert [step for step, value in short if not math.isfinite(value)] == [900, 998]


@pytest.mark.parametrize(
    ("losses", "log"), [((0.2, 3.9), False), ((0.2, 4.0), True), ((0.0, 4.0), False)]
)
def test_the_scale_is_logarithmic_only_where_losses_are_far_apart(
    losses: tuple[float, float], log: bool
) -> None:
    scale = curve_scale([CurvePanel("a", (run(tuple(enumerate(losses))),))])
    assert scale.log is log
    assert (scale.low, scale.high, scale.last) == (0.2 if log else 0.0, losses[1], 1)


def test_failed_runs_do_not_set_the_scale_unless_there_are_no_others() -> None:
    broken = run(((0, 2.0), (5, 1e9), (9, INF)), failed=True)
    sound = run(((0, 3.0), (4, 2.5)))
    assert curve_scale([CurvePanel("a", (broken, sound))]) == (2.5, 3.0, 9, False)
    assert curve_scale([CurvePanel("a", (broken,))]) == (2.0, 1e9, 9, True)


def test_drawing_tells_every_run() -> None:
    lost = RunCurves(2, ((1, 3.0), (2, NAN)), (), True, NAN)
    kept = RunCurves(1, ((1, 4.0), (2, 2.0), (3, 2.5)), ((2, 3.0), (3, 3.25)), False, 2.0)
    panels = [CurvePanel("a < $b", (kept, lost)), CurvePanel("c", (run((), failed=True),))]
    root = ET.fromstring(draw_curves([*panels, CurvePanel("d", ())]))
    assert root.get("aria-label") == (
        "Losses while training, by arm and seed. a < $b: seed 1 training 4 to 2.5 validation 3 to"
        " 3.25, seed 2 training 3 to nan failed; c: seed 0 failed; d: no run"
    )
    assert draw_curves(()) == ""


def test_runs_that_failed_and_kept_steps_are_marked() -> None:
    whole = RunCurves(0, ((1, 4.0), (2, 2.0), (3, 2.5)), (), False, 3.0)

    def marks(*runs: RunCurves) -> int:
        return draw_curves([CurvePanel("a", runs)]).count("<use ")

    usual = marks(whole)
    assert marks(whole._replace(kept=2.0)) == usual + 1
    assert marks(whole._replace(failed=True)) == usual + 1
    assert marks(whole, run(((1, NAN), (2, INF)), failed=True)) == usual + 1
