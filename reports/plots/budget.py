"""Validation score against the number of trials: what tuning an arm a little longer is worth.

Of independent random trials the expected best, with a band; of others only what was observed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.experiment.tuning import Tuning
from reports.plots.curves import LOG_FROM
from reports.plots.layout import STYLES, TEXT, Mark, Style, label_marks, panel, shortened
from reports.plots.svg import INK, WIDTH, new_figure, to_svg
from reports.search import (
    arm_summaries,
    exchangeable,
    incumbents,
    proposed,
    score_bounds,
    scores_of,
    sign_of,
)
from reports.statistics.budget import expected_best
from reports.wording import metric_label, points, short_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MOST_LINES", "BudgetLine", "budget_lines", "draw_budget", "validation_label"]

MOST_LINES = 4
"""Arms in one panel; more would hide each other's bands."""

LEFT, RIGHT, TOP, PLOT, BOTTOM = 0.46, 1.4, 0.3, 1.75, 0.56
"""Inches around and of a panel."""

FILE = "file's settings"


class BudgetLine(NamedTuple):
    """One arm's validation score by the number of trials, in the metric's own unit.

    Attributes
    ----------
    arm : str
    value, low, high : tuple of float, length n_trials
        Of the best of 1, 2, … trials, the file's own settings not counted; NaN is unknown.
    default : float
        At the file's own settings; NaN if they were no trial.
    """

    arm: str
    value: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    default: float


def budget_lines(
    tuning: Tuning, confidence: float, rng: np.random.Generator
) -> tuple[BudgetLine, ...]:
    """The numbers that the figure shows.

    Returns
    -------
    tuple of BudgetLine, length n_arms
        Where trials are exchangeable the expected best of k with its interval, else the best
        so far, which starts from the file's own settings.
    """
    sign = sign_of(tuning)
    lines = []
    for row in arm_summaries(tuning):
        scores = scores_of(proposed(tuning.arms[row.arm]), tuning)
        if exchangeable(tuning) and len(scores):
            found = expected_best(
                scores, confidence=confidence, rng=rng, bounds=score_bounds(tuning)
            )
            value, low, high = found.value, found.low, found.high
        else:
            value = incumbents(sign * row.at_default, scores)
            low = high = np.full(len(value), math.nan)
        if sign < 0:
            low, high = high, low
        known = np.isfinite(low) & np.isfinite(high)
        low, high = np.where(known, low, math.nan), np.where(known, high, math.nan)
        middle, lower, upper = (_numbers(sign * one) for one in (value, low, high))
        lines.append(BudgetLine(row.arm, middle, lower, upper, row.at_default))
    return tuple(lines)


def validation_label(metric: str) -> str:
    """What was optimized in words, such as `validation F1`."""
    return (
        "validation loss" if metric == "validation_loss" else f"validation {metric_label(metric)}"
    )


def draw_budget(lines: Sequence[BudgetLine], tuning: Tuning) -> str:
    """The lines as an SVG fragment with a text alternative; empty without any score."""
    shown = [line for line in lines if any(True for _ in _marks(line))]
    if not shown:
        return ""
    marks = [mark for line in shown for mark in _marks(line)]
    reach = [*marks, *_known(end for line in shown for end in line.low + line.high)]
    chunks = [shown[at : at + MOST_LINES] for at in range(0, len(shown), MOST_LINES)]
    row = TOP + PLOT + BOTTOM
    figure = new_figure(row * len(chunks))
    width = WIDTH - LEFT - RIGHT
    kind = (
        "expected best of k random trials" if exchangeable(tuning) else "best so far, as observed"
    )
    label = validation_label(tuning.metric)
    names = iter(shortened([line.arm for line in shown], 17))
    longest = max(len(line.value) for line in lines)
    for place, chunk in enumerate(chunks):
        axes = panel(figure, LEFT, place * row + TOP, width, PLOT)
        _scale(axes, marks, reach, longest, loss=sign_of(tuning) < 0)
        labels: list[Mark] = []
        for line, style in zip(chunk, STYLES, strict=False):
            labels += _draw(axes, line, style, next(names), expected=exchangeable(tuning))
        label_marks(axes, labels)
        title = f"{label[0].upper()}{label[1:]}: {kind}"
        axes.text(-0.42 / width, 1 + 0.1 / PLOT, shortened([title], 62)[0], ha="left", va="bottom",
                  transform=axes.transAxes, fontsize=TEXT, color=INK, parse_math=False)  # fmt: skip
        axes.set_xlabel("trials of each arm", fontsize=TEXT, color=INK, labelpad=1)
    told = "; ".join(_told(line, tuning.metric) for line in lines)
    return to_svg(figure, f"{label[0].upper()}{label[1:]} by the number of trials, {kind}. {told}")


def _numbers(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _known(values: Iterable[float]) -> Iterator[float]:
    return (value for value in values if not math.isnan(value))


def _marks(line: BudgetLine) -> Iterator[float]:
    return _known((line.default, *line.value))


def _scale(
    axes: Axes, marks: Sequence[float], reach: Sequence[float], longest: int, *, loss: bool
) -> None:
    """Limits that hold all lines; of the bands no more than leaves the lines some height."""
    from matplotlib.ticker import LogLocator, NullLocator

    low, high = min(marks), max(marks)
    if loss and low > 0 and high / low >= LOG_FROM:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_ylim(low / 1.15, high * 1.15)
    else:
        span = high - low or 0.1 * abs(high) or 1.0
        low, high = max(low - span, min(reach)), min(high + span, max(reach))
        axes.set_ylim(low - 0.06 * span, high + 0.06 * span)
        axes.locator_params(axis="y", nbins=5)
    every = max(math.ceil(longest / 4), 1)
    ticks = [*range(every, longest + 1, every)]
    axes.set_xlim(-0.06 * max(longest, 1), 1.03 * max(longest, 1))
    axes.set_xticks([0, *ticks])
    axes.set_xticklabels([FILE.replace(" ", "\n"), *map(str, ticks)], fontsize=TEXT, color=INK)


def _draw(
    axes: Axes, line: BudgetLine, style: Style, name: str, *, expected: bool
) -> Iterator[Mark]:
    """Draw an arm; gives its label at the last number that is known."""
    budgets = range(1, len(line.value) + 1)
    known = [(k, v) for k, v in zip(budgets, line.value, strict=True) if not math.isnan(v)]
    start = [] if math.isnan(line.default) else [(0, line.default)]
    axes.fill_between(budgets, line.low, line.high, color=style.color, alpha=0.11, linewidth=0)
    joined = known if expected else start + known
    steps = "default" if expected else "steps-post"
    axes.plot(*zip(*joined, strict=True), color=style.color, linewidth=1.7, drawstyle=steps,
              linestyle=style.dashes)  # fmt: skip
    for k, v in start + known[-1:]:
        axes.plot([k], [v], style.marker, color=style.color, markersize=5.5, zorder=3)
    for k, v in (start + known)[-1:]:
        yield Mark(k, v, name)


def _told(line: BudgetLine, metric: str) -> str:
    show = short_number if metric == "validation_loss" else points
    rows = zip(line.value, line.low, line.high, strict=True)
    known = [(k, *row) for k, row in enumerate(rows, start=1) if not math.isnan(row[0])]
    texts = [] if math.isnan(line.default) else [f"{FILE} {show(line.default)}"]
    for k, value, low, high in known if len(known) < 2 else (known[0], known[-1]):
        band = "" if math.isnan(low) else f" ({show(low)} to {show(high)})"
        texts.append(f"{k} trial{'' if k == 1 else 's'} {show(value)}{band}")
    return f"{line.arm}: {', '.join(texts) or 'no score'}"
