"""Frontier: each arm's score with its interval against what it costs.

An arm is on the frontier if no other arm beats it on both. That goes by the means alone; whether
a difference in score is more than luck is for the comparisons to say.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from harness.metrics import sign_of
from harness.results import RunRecord
from reports.arms import ArmMean
from reports.plots.layout import LINE, TEXT, Mark, label_marks, panel, shortened
from reports.plots.svg import BLUE, GREY, INK, WIDTH, new_figure, to_svg
from reports.wording import metric_label, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "CostPoint",
    "Frontier",
    "draw_frontier",
    "frontier",
    "mean_cost",
    "memory_column",
    "seconds_of",
]

WIDE_RANGE = 8.0
"""Costs whose largest is this many times the smallest get a logarithmic axis."""

LEFT, RIGHT, TOP, PLOT, BOTTOM = 0.42, 1.64, 0.3, 1.75, 0.46
"""Inches around and of the panel."""


class CostPoint(NamedTuple):
    """One arm; score in points, NaN is unknown.

    Attributes
    ----------
    arm : str
    score, low, high : float
        Mean and interval.
    cost : float
        Mean over the arm's runs for which it is known.
    beaten_by : tuple of str
        Arms that score no worse and cost no more, and are better in one of the two; empty on the
        frontier.
    """

    arm: str
    score: float
    low: float
    high: float
    cost: float
    beaten_by: tuple[str, ...]


class Frontier(NamedTuple):
    """Scores against one cost.

    Attributes
    ----------
    cost, unit : str
        In words.
    points : tuple of CostPoint
        Arms of which score and cost are known.
    left_out : tuple of str
        The other arms.
    """

    cost: str
    unit: str
    points: tuple[CostPoint, ...]
    left_out: tuple[str, ...]


def seconds_of(record: RunRecord) -> float:
    """Seconds of training and answering; NaN where one of them is unknown."""
    metrics = record.metrics
    return metrics.get("train_seconds", math.nan) + metrics.get("generate_seconds", math.nan)


def memory_column(records: Sequence[RunRecord]) -> str:
    """Which measure of memory these runs have: that of the weights if any has, else the peak."""
    known = any(not math.isnan(r.metrics.get("footprint_mb", math.nan)) for r in records)
    return "footprint_mb" if known else "peak_memory_mb"


def mean_cost(
    records: Sequence[RunRecord], arms: Sequence[str], cost: Callable[[RunRecord], float]
) -> dict[str, float]:
    """Each arm's mean cost over the runs for which it is known, NaN without any."""
    means = {}
    for arm in arms:
        values = [cost(record) for record in records if record.arm == arm]
        known = [value for value in values if not math.isnan(value)]
        means[arm] = sum(known) / len(known) if known else math.nan
    return means


def frontier(
    scores: Sequence[ArmMean], costs: Mapping[str, float], cost: str, unit: str, metric: str
) -> Frontier:
    """The numbers that a frontier shows.

    Parameters
    ----------
    scores : sequence of ArmMean
    costs : mapping of str to float
        By arm; NaN is unknown.
    cost, unit : str
        What it is in words.
    metric : str
        Of the scores.
    """
    known = [s for s in scores if not math.isnan(s.mean) and not math.isnan(costs[s.arm])]
    places = {s.arm: (sign_of(metric) * s.mean, costs[s.arm]) for s in known}
    shown = tuple(
        CostPoint(
            s.arm,
            s.mean,
            s.ci_low,
            s.ci_high,
            costs[s.arm],
            tuple(other for other in places if _beats(places[other], places[s.arm])),
        )
        for s in known
    )
    return Frontier(cost, unit, shown, tuple(s.arm for s in scores if s.arm not in places))


def _beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one != other and one[0] >= other[0] and one[1] <= other[1]


def draw_frontier(one: Frontier, metric: str) -> str:
    """The points as an SVG fragment with a text alternative; empty with fewer than two."""
    if len(one.points) < 2:
        return ""
    tall = max(PLOT, LINE * 1.1 * len(one.points))
    figure = new_figure(TOP + tall + BOTTOM)
    width = WIDTH - LEFT - RIGHT
    axes = panel(figure, LEFT, TOP, width, tall)
    _scale(axes, one.points)
    edge = sorted((p.cost, p.score) for p in one.points if not p.beaten_by)
    axes.step(*zip(*edge, strict=True), where="post", color=BLUE, linewidth=1.2, alpha=0.6)
    for p in one.points:
        color, marker, size = (GREY, "s", 5.0) if p.beaten_by else (BLUE, "o", 6.5)
        face = "none" if p.beaten_by else color
        if not math.isnan(p.low):
            axes.plot([p.cost] * 2, [p.low, p.high], color=color, linewidth=1.6)
        axes.plot([p.cost], [p.score], marker, color=color, mfc=face, markersize=size, zorder=3)
    names = shortened([p.arm for p in one.points], 17)
    marks = [
        Mark(p.cost, p.score, name, bold=not p.beaten_by)
        for p, name in zip(one.points, names, strict=True)
    ]
    label_marks(axes, marks)
    axes.set_xlabel(f"{one.cost}, {one.unit}", fontsize=TEXT, color=INK)
    axes.text(-0.38 / width, 1 + 0.1 / tall, f"{metric_label(metric)}; bold: on the frontier",
              transform=axes.transAxes, fontsize=TEXT, color=INK)  # fmt: skip
    told = "; ".join(map(_told, one.points))
    return to_svg(figure, f"{metric_label(metric)} against {one.cost} in {one.unit}. {told}")


def _scale(axes: Axes, shown: Sequence[CostPoint]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    marks = [m for p in shown for m in (p.score, p.low, p.high) if not math.isnan(m)]
    pad = max(0.06 * (max(marks) - min(marks)), 0.5)
    axes.set_ylim(min(marks) - pad, max(marks) + pad)
    costs = [p.cost for p in shown]
    low, high = min(costs), max(costs)
    if low > 0 and high >= WIDE_RANGE * low:
        axes.set_xscale("log")
        axes.set_xlim(low / 1.3, high * 1.3)
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0) if high < 100 * low else (1.0,)))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        room = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
        axes.set_xlim(low - room, high + room)
        axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))


def _told(p: CostPoint) -> str:
    where = "" if math.isnan(p.low) else f" (interval {points(p.low)} to {points(p.high)})"
    edge = f"beaten by {', '.join(p.beaten_by)}" if p.beaten_by else "on the frontier"
    return f"{p.arm}: {points(p.score)}{where} at {p.cost:,.4g}, {edge}"
