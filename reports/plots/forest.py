"""Forest plot: each comparison's difference with its interval, zero and the margin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import shorten
from typing import TYPE_CHECKING, NamedTuple

from harness.metrics import sign_of
from reports.comparison import Comparison
from reports.plots.svg import BLUE, GREY, INK, ORANGE, new_figure, to_svg
from reports.wording import interval, metric_label, signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ForestRow", "draw_forest", "forest_limits", "forest_rows"]

SHARED_UP_TO = 5.0
"""Rows share one scale unless the widest is this many times wider than the narrowest: then the
narrow ones would be dots."""


ROW, TEXT, TICKS = 0.92, 0.42, 0.22
"""Inches of a row, and of it above and below the bar."""


class ForestRow(NamedTuple):
    """One line of the plot; numbers in points, NaN = unknown.

    Attributes
    ----------
    label, note : str
        What is compared, and the numbers in words.
    estimate, low, high : float
    margin : float or None
    decided : bool
    both_sides : bool
        The margin is drawn on both sides of zero (equivalence) or on the worse one
        (non-inferiority).
    sign : float
        -1 where lower is better: the worse side is the right one then.
    """

    label: str
    note: str
    estimate: float
    low: float
    high: float
    margin: float | None
    decided: bool
    both_sides: bool
    sign: float = 1.0

    @property
    def edges(self) -> tuple[float, ...]:
        """Where the margin ends, in points."""
        if self.margin is None:
            return ()
        one = -self.sign * self.margin
        return (one, -one) if self.both_sides else (one,)


def forest_rows(comparisons: Sequence[Comparison]) -> tuple[ForestRow, ...]:
    """The numbers that a forest plot of these comparisons shows."""
    return tuple(
        ForestRow(
            label=c.contrast,
            note=_note(c),
            estimate=c.estimate,
            low=c.ci_low,
            high=c.ci_high,
            margin=c.margin,
            decided=c.verdict != "undecided",
            both_sides=c.claim == "equivalent",
            sign=sign_of(c.metric),
        )
        for c in comparisons
    )


def forest_limits(rows: Sequence[ForestRow]) -> tuple[tuple[float, float], ...]:
    """Ends of each row's scale in points; they always include zero and the margin."""
    spans = [_span(row) for row in rows]
    widths = [high - low for low, high in spans]
    if spans and max(widths) <= SHARED_UP_TO * min(widths):
        shared = min(low for low, _ in spans), max(high for _, high in spans)
        spans = [shared] * len(spans)
    return tuple((lo - 0.06 * (hi - lo), hi + 0.06 * (hi - lo)) for lo, hi in spans)


def draw_forest(rows: Sequence[ForestRow]) -> str:
    """The rows as an SVG fragment with a text alternative; empty when nothing is known."""
    if all(math.isnan(row.estimate) for row in rows):
        return ""
    height = ROW * len(rows)
    figure = new_figure(height)
    panels = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
    space = {"top": 1 - TEXT / height, "bottom": TICKS / height}
    bar = ROW - TEXT - TICKS
    figure.subplots_adjust(left=0.01, right=0.99, hspace=(TEXT + TICKS) / bar, **space)
    for axes, row, span in zip(panels, rows, forest_limits(rows), strict=True):
        _draw_row(axes, row, span)
    told = "; ".join(f"{row.label}: {row.note}" for row in rows)
    return to_svg(figure, f"Differences with intervals. {told}")


def _draw_row(axes: Axes, row: ForestRow, span: tuple[float, float]) -> None:
    color = BLUE if row.decided else GREY
    axes.patch.set_alpha(0.0)
    axes.set_xlim(*span)
    axes.set_ylim(-1, 1)
    axes.set_yticks([])
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GREY)
    axes.tick_params(axis="x", color=GREY, labelcolor=INK, labelsize=8.5, length=3, pad=2)
    axes.locator_params(axis="x", nbins=6)
    axes.axvline(0, color=INK, linewidth=0.9)
    if row.edges:
        axes.axvspan(min(0, *row.edges), max(0, *row.edges), color=ORANGE, alpha=0.16)
        for edge in row.edges:
            axes.axvline(edge, color=ORANGE, linewidth=1.3, linestyle=(0, (3, 2)))
    if not math.isnan(row.low):
        axes.plot([row.low, row.high], [0, 0], color=color, linewidth=2.6, solid_capstyle="butt")
    if not math.isnan(row.estimate):
        face = color if not math.isnan(row.low) else "none"
        axes.plot([row.estimate], [0], marker="o", markersize=6.5, color=color, mfc=face)
    for text, inches, weight in ((row.label, 0.23, "bold"), (row.note, 0.06, "normal")):
        axes.annotate(
            shorten(text, 56, placeholder=" …"),
            (0, 1),
            (0, 72 * inches),
            xycoords="axes fraction",
            textcoords="offset points",
            color=INK,
            fontsize=9,
            fontweight=weight,
            parse_math=False,
        )


def _note(comparison: Comparison) -> str:
    label = metric_label(comparison.metric)
    if math.isnan(comparison.estimate):
        return f"{label}: unknown"
    where = "no interval" if math.isnan(comparison.ci_low) else interval(comparison)
    return f"{label} {signed(comparison.estimate)} points ({where})"


def _span(row: ForestRow) -> tuple[float, float]:
    marks = [0.0, *row.edges, row.estimate, row.low, row.high]
    known = [mark for mark in marks if not math.isnan(mark)]
    low, high = min(known), max(known)
    return (low, high) if high > low else (low - 1, high + 1)
