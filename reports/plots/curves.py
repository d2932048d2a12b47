"""Training curves: each arm's losses over its optimizer steps, a line for each seed.

Shows what runs logged; judges no training.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from textwrap import shorten, wrap
from typing import TYPE_CHECKING, NamedTuple

from harness.results import Curve, RunRecord
from reports.plots.svg import BLUE, GREY, INK, ORANGE, new_figure, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["CurvePanel", "CurveScale", "RunCurves", "curve_panels", "curve_scale", "draw_curves",
           "thinned"]  # fmt: skip

STRETCHES = 150
"""A curve of more points than twice this is thinned, see `thinned`."""

LOG_FROM = 20.0
"""Losses whose largest is this many times the smallest are drawn on a logarithmic scale: on a
linear one the lower ones would lie on top of each other."""

PANEL, TICKS, LINE = 1.45, 0.30, 0.15
"""Inches: height of a panel's axes, what is below them, and a line of what is above."""


class RunCurves(NamedTuple):
    """One run's losses, thinned; empty where it logged none.

    Attributes
    ----------
    seed : int
    train, validation : tuple of (int, float)
        Step and loss.
    failed : bool
    kept : float
        Step whose weights were kept; NaN where that is not known.
    """

    seed: int
    train: Curve
    validation: Curve
    failed: bool
    kept: float


class CurvePanel(NamedTuple):
    """All runs of one arm that were started."""

    arm: str
    runs: tuple[RunCurves, ...]


class CurveScale(NamedTuple):
    """What all panels share: the ends of the loss, the last step, and whether it is logarithmic."""

    low: float
    high: float
    last: int
    log: bool


def curve_panels(records: Iterable[RunRecord], arms: Sequence[str]) -> tuple[CurvePanel, ...]:
    """The numbers that the curves show, of arms that train; empty if no run has a loss."""
    panels = []
    known = list(records)
    for arm in arms:
        own = [one for one in known if one.arm == arm and one.status != "missing"]
        runs = tuple(
            RunCurves(
                one.seed,
                thinned(one.curves.get("train_loss", ())),
                thinned(one.curves.get("validation_loss", ())),
                one.status == "failed",
                one.metrics.get("kept_step", math.nan),
            )
            for one in own
        )
        if runs and all(run.kept == 0 and not run.train for run in runs):
            continue  # nothing was to be trained
        panels.append(CurvePanel(arm, runs))
    found = any(run.train or run.validation for panel in panels for run in panel.runs)
    return tuple(panels) if found else ()


def thinned(curve: Curve, stretches: int = STRETCHES) -> Curve:
    """A curve of at most about `2 * stretches` points.

    A longer one is cut into stretches of as many points; each gives its lowest and its highest,
    so that no spike is lost. The first and the last point stay, and the first that is no finite
    number.
    """
    if len(curve) <= 2 * stretches:
        return curve
    keep = {0, len(curve) - 1}
    finite = [place for place, (_, value) in enumerate(curve) if math.isfinite(value)]
    broken = {*range(len(curve))} - {*finite}
    keep |= {min(broken)} if broken else set()
    for part in range(stretches):
        start, end = (len(finite) * edge // stretches for edge in (part, part + 1))
        places = finite[start:end]
        if places:
            keep |= {min(places, key=lambda p: curve[p][1]), max(places, key=lambda p: curve[p][1])}
    return tuple(curve[place] for place in sorted(keep))


def curve_scale(panels: Sequence[CurvePanel]) -> CurveScale:
    """The scale that all panels share.

    It fits the runs that did not fail, if there are any: what a diverged one reached would make
    all others a line at the bottom.
    """
    runs = [run for panel in panels for run in panel.runs]
    sound = [run for run in runs if not run.failed and _losses(run)]
    losses = [loss for run in sound or runs for loss in _losses(run)] or [0.0, 1.0]
    low, high = min(losses), max(losses)
    log = low > 0 and high / low >= LOG_FROM
    if high == low:
        low, high = low - 0.5, high + 0.5
    elif not log and low > 0 and low < 0.25 * high:
        low = 0.0  # zero is what a loss strives for, so it is shown where that costs little
    steps = [step for run in runs for curve in (run.train, run.validation) for step, _ in curve]
    return CurveScale(low, high, max(steps, default=1), log)


def draw_curves(panels: Sequence[CurvePanel]) -> str:
    """The panels as an SVG fragment with a text alternative; empty without any."""
    if not panels:
        return ""
    columns = min(2, len(panels))
    rows = math.ceil(len(panels) / columns)
    width = 64 if columns == 1 else 32
    lines = max(_wrapped(panel.arm, width).count("\n") + 1 for panel in panels)
    heading = 0.13 + LINE * lines
    height = rows * (PANEL + heading + TICKS) + 0.14
    figure = new_figure(height)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    figure.subplots_adjust(
        left=0.1,
        right=0.97,
        top=1 - heading / height,
        bottom=(TICKS + 0.14) / height,
        wspace=0.1,
        hspace=(heading + TICKS) / PANEL,
    )
    scale = curve_scale(panels)
    for place, one in enumerate(axes.flat):
        if place < len(panels):
            _draw_panel(one, panels[place], scale, width=width)
        else:
            one.set_visible(False)
    figure.text(0.54, 0.03 / height, "optimizer step", ha="center", va="bottom", fontsize=8,
                color=INK)  # fmt: skip
    return to_svg(figure, f"Losses while training, by arm and seed. {_told(panels)}")


def _draw_panel(axes: Axes, panel: CurvePanel, scale: CurveScale, *, width: int) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    axes.patch.set_alpha(0.0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("bottom", "left"):
        axes.spines[side].set_color(GREY)
    if scale.log:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_locator(NullLocator())
        low, high = scale.low / 1.15, scale.high * 1.15
    else:
        pad = 0.05 * (scale.high - scale.low)
        low, high = scale.low - (pad if scale.low else 0.0), scale.high + pad
        axes.locator_params(axis="y", nbins=4)
    axes.set_ylim(low, high)
    axes.set_xlim(0, 1.03 * scale.last)
    axes.locator_params(axis="x", nbins=width // 6)
    axes.tick_params(which="both", color=GREY, labelcolor=INK, labelsize=7.5, length=2.5, pad=2,
                     labelbottom=True)  # fmt: skip
    for run in panel.runs:
        _draw_run(axes, run, low, high)
    axes.set_title(
        _wrapped(panel.arm, width), fontsize=8.5, loc="left", color=INK, pad=5, parse_math=False
    )
    silent = sum(not (run.train or run.validation) for run in panel.runs)
    lost = sum(run.failed for run in panel.runs if not (run.train or run.validation))
    if silent:
        text = f"{lost} failed before the first point" if lost else f"{silent} without curves"
        axes.text(0.98, 0.96, text, transform=axes.transAxes, ha="right", va="top", fontsize=7.5,
                  color=INK)  # fmt: skip


def _draw_run(axes: Axes, run: RunCurves, low: float, high: float) -> None:
    width, alpha = (1.3, 1.0) if run.failed else (1.2, 0.8)
    for curve, color, dashes, dot in (
        (run.train, BLUE, "-", ""),
        (run.validation, ORANGE, (0, (3, 1.5)), "."),
    ):
        color = GREY if run.failed else color
        inside = [(s, min(max(v, low), high)) for s, v in curve if math.isfinite(v)]
        if inside:
            dot = dot or ("." if len(inside) == 1 else "")
            steps, values = zip(*inside, strict=True)
            axes.plot(steps, values, color=color, linewidth=width, alpha=alpha, linestyle=dashes,
                      marker=dot, markersize=4)  # fmt: skip
    if run.failed and (run.train or run.validation):
        step, value = max(run.train[-1:] + run.validation[-1:])
        place = min(max(value, low), high) if math.isfinite(value) else high
        axes.plot([step], [place], marker="x", color=INK, markersize=6, markeredgewidth=1.5,
                  clip_on=False)  # fmt: skip
        return
    for curve, color in ((run.validation, ORANGE), (run.train, BLUE)):
        at = [value for step, value in curve if step == run.kept and math.isfinite(value)]
        if at and curve[-1][0] > run.kept:
            axes.plot([run.kept], at[:1], marker="o", mfc="none", color=color, markersize=7)
            return


def _wrapped(name: str, width: int) -> str:
    """A name in at most two lines."""
    return "\n".join(wrap(shorten(name, 2 * width - 12, placeholder=" …"), width))


def _losses(run: RunCurves) -> list[float]:
    return [value for curve in (run.train, run.validation) for _, value in curve
            if math.isfinite(value)]  # fmt: skip


def _told(panels: Sequence[CurvePanel]) -> str:
    return "; ".join(
        f"{panel.arm}: {', '.join(map(_run_told, panel.runs)) or 'no run'}" for panel in panels
    )


def _run_told(run: RunCurves) -> str:
    text = f"seed {run.seed}"
    for word, curve in (("training", run.train), ("validation", run.validation)):
        if curve:
            text += f" {word} {curve[0][1]:.3g} to {curve[-1][1]:.3g}"
    return f"{text} failed" if run.failed else text
