"""Parallel coordinates: every trial of an arm as a line over its settings to its score.

Shows where good settings lie; how much each setting matters is the importances' business.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.experiment.search import Choice, Dimension
from harness.experiment.tuning import ArmTuning, Trial, Tuning
from reports.plots.curves import LOG_FROM
from reports.plots.layout import TEXT, panel, shortened
from reports.plots.svg import BLUE, GREY, INK, ORANGE, WIDTH, new_figure, to_svg
from reports.search import scores_of, sign_of
from reports.wording import metric_label, points, short_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MOST_AXES", "MOST_PANELS", "Axis", "ParallelPanel", "TrialLine", "draw_parallel",
           "parallel_panels", "setting", "short_names"]  # fmt: skip

MOST_AXES = 6
"""Settings that get an axis, those that matter most."""
MOST_PANELS = 6
"""Arms that get a panel."""

LEFT, RIGHT, NAME, PLOT, BOTTOM, BELOW = 0.42, 0.5, 0.2, 1.35, 0.4, 0.28
"""Inches around and of a panel, of its arm's name, and of the place of what was not used."""
SMALL = 7.5
ABSENT = -0.26
"""Height of the place for trials that have no such setting, in parts of an axis."""


class Axis(NamedTuple):
    """One setting; `ticks` are heights from 0 to 1 with their texts."""

    path: str
    name: str
    ticks: tuple[tuple[float, str], ...]


class TrialLine(NamedTuple):
    """One trial.

    Attributes
    ----------
    number : int
    heights : tuple of float, length n_axes
        From 0 to 1; NaN where the trial has no such setting.
    score : float
        From 0, the arm's worst, to 1, its best; NaN of a trial without a final score.
    shade : float
        Its rank within the arm from 0 to 1; NaN as for the score.
    value : float
        The score in the metric's own unit.
    state : str
    """

    number: int
    heights: tuple[float, ...]
    score: float
    shade: float
    value: float
    state: str


class ParallelPanel(NamedTuple):
    """One arm's trials.

    Attributes
    ----------
    arm : str
    axes : tuple of Axis
    lines : tuple of TrialLine
    left_out : tuple of str
        Paths without an axis.
    best : int or None
        Number of the best trial.
    ends : tuple of (float, float)
        Scores at the bottom and at the top of the last axis; NaN without any.
    """

    arm: str
    axes: tuple[Axis, ...]
    lines: tuple[TrialLine, ...]
    left_out: tuple[str, ...]
    best: int | None
    ends: tuple[float, float]


def parallel_panels(tuning: Tuning) -> tuple[ParallelPanel, ...]:
    """The numbers that parallel coordinates show: a panel for each arm with trials."""
    weight: dict[str, float] = {}
    for arm in tuning.arms.values():
        for path, share in arm.importances.items():
            weight[path] = weight.get(path, 0.0) + share
    names = short_names([path for arm in tuning.arms.values() for path in arm.space])
    panels = []
    for name, arm in tuning.arms.items():
        ranked = sorted(arm.space, key=lambda path: -weight.get(path, 0.0))
        shown = [path for path in arm.space if path in ranked[:MOST_AXES]]
        left_out = tuple(path for path in arm.space if path not in shown)
        axes = tuple(Axis(path, names[path], _ticks(arm, path)) for path in shown)
        lines, ends = _lines(arm, shown, tuning)
        if lines:
            panels.append(ParallelPanel(name, axes, lines, left_out, arm.best, ends))
    return tuple(panels)


def _lines(
    arm: ArmTuning, shown: Sequence[str], tuning: Tuning
) -> tuple[tuple[TrialLine, ...], tuple[float, float]]:
    """An arm's trials, and the scores at both ends of the last axis."""
    sign, scores = sign_of(tuning), [float(one) for one in scores_of(arm.trials, tuning)]
    order = sorted(score for score in scores if not math.isnan(score))
    worst, best = (order[0], order[-1]) if order else (math.nan, math.nan)
    log = sign < 0 and best < 0 and worst / best >= LOG_FROM
    lines = []
    for trial, score in zip(arm.trials, scores, strict=True):
        up = 1 - _share(-score, -best, -worst, log=True) if log else _share(score, worst, best)
        shade = math.nan if math.isnan(score) else order.index(score) / max(len(order) - 1, 1)
        heights = tuple(_height(arm.space[path], trial, path) for path in shown)
        lines.append(TrialLine(trial.number, heights, up, shade, sign * score, trial.state))
    return tuple(lines), (sign * worst, sign * best)


def short_names(paths: Sequence[str]) -> dict[str, str]:
    """Each path by its end: as little of it as tells it from the others and is no mere letter."""
    return {path: _short_name(path, {*paths} - {path}) for path in paths}


def _short_name(path: str, others: set[str]) -> str:
    parts = path.split(".")
    for n_parts in range(1, len(parts)):
        end = ".".join(parts[-n_parts:])
        if len(end) > 2 and not any(f".{one}".endswith(f".{end}") for one in others):
            return end
    return path


def setting(value: Any) -> str:
    """A value of a setting as text; a number with four digits."""
    if isinstance(value, float):
        text = f"{value:.4g}"
        return text.replace("e-0", "e-").replace("e+0", "e+")
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def draw_parallel(panels: Sequence[ParallelPanel], tuning: Tuning) -> str:
    """The first panels as an SVG fragment with a text alternative; empty without any."""
    shown = [one for one in panels[:MOST_PANELS] if one.axes]
    if not shown:
        return ""
    headings = {one.arm: _headings(one, tuning) for one in shown}
    lines = max(text.count("\n") + 1 for texts in headings.values() for text in texts)
    top = NAME + 0.13 * lines + 0.28
    absent = any(axis.ticks[-1][0] == ABSENT for one in shown for axis in one.axes)
    row = top + PLOT + BOTTOM + BELOW * absent
    figure = new_figure(row * len(shown))
    names = shortened([one.arm for one in shown], 58)
    for place, (one, name) in enumerate(zip(shown, names, strict=True)):
        axes = panel(figure, LEFT, place * row + top, WIDTH - LEFT - RIGHT, PLOT)
        _draw_panel(axes, one, headings[one.arm], tuning)
        axes.text(-(LEFT - 0.04) / (WIDTH - LEFT - RIGHT), 1 + (top - 0.06) / PLOT, name, ha="left",
                  va="top", transform=axes.transAxes, fontsize=TEXT, color=INK, parse_math=False,
                  fontweight="bold")  # fmt: skip
    told = "; ".join(_told(one, tuning) for one in shown)
    return to_svg(figure, f"Settings and validation score of every trial, by arm. {told}")


def _height(dimension: Dimension, trial: Trial, path: str) -> float:
    if path not in trial.params:
        return math.nan
    value = trial.params[path]
    if isinstance(dimension, Choice):
        at = next((n for n, one in enumerate(dimension.choices) if _same(one, value)), math.nan)
        return at / (len(dimension.choices) - 1)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return _share(float(value), dimension.low, dimension.high, log=dimension.log)


def _same(one: Any, other: Any) -> bool:
    """As lists and tuples are the same in a file, and 1 and true are not."""
    return json.dumps(one, default=str) == json.dumps(other, default=str)


def _share(value: float, low: float, high: float, *, log: bool = False) -> float:
    """Where a value is between two ends, from 0 to 1; in the middle of ends that are the same."""
    if math.isnan(value):
        return math.nan
    if log:
        if value <= 0:
            return math.nan
        value, low, high = math.log(value), math.log(low), math.log(high)
    return min(max((value - low) / (high - low), 0.0), 1.0) if high != low else 0.5


def _ticks(arm: ArmTuning, path: str) -> tuple[tuple[float, str], ...]:
    dimension = arm.space[path]
    if isinstance(dimension, Choice):
        last = len(dimension.choices) - 1
        ticks = [(n / last, setting(one)) for n, one in enumerate(dimension.choices)]
    else:
        ticks = [(0.0, setting(dimension.low)), (1.0, setting(dimension.high))]
    if any(path not in one.params for one in arm.trials):
        ticks.append((ABSENT, "not used"))
    return tuple(ticks)


def _headings(one: ParallelPanel, tuning: Tuning) -> list[str]:
    """Names of the axes in lines that fit between two of them, the score's last."""
    room = max(9, int(52 / (len(one.axes) + 1)))
    names = shortened([axis.name for axis in one.axes], 3 * room - 3)
    last = "loss" if tuning.metric == "validation_loss" else metric_label(tuning.metric)
    return [_folded(name, room) for name in names] + [_folded(last, room)]


def _folded(name: str, room: int) -> str:
    """A name in lines that end after an underscore or a dot where they can."""
    pieces = name.replace("_", "_\n").replace(".", ".\n").replace(" ", " \n").split("\n")
    lines = [""]
    for piece in (part for one in pieces for part in wrap(one, room + 1) or [""]):
        if len(lines[-1]) + len(piece) <= room + 1:
            lines[-1] += piece
        else:
            lines.append(piece)
    return "\n".join(lines)


def _draw_panel(axes: Axes, one: ParallelPanel, headings: Sequence[str], tuning: Tuning) -> None:
    n_axes = len(one.axes)
    axes.grid(visible=False)
    for side in ("bottom", "left"):
        axes.spines[side].set_visible(False)
    axes.set_yticks([])
    axes.set_xticks([])
    axes.set_xlim(0, n_axes)
    axes.set_ylim(0, 1)
    for place, text in enumerate(headings):
        axes.plot([place] * 2, [0, 1], color=GREY, linewidth=1.0, clip_on=False, zorder=1)
        axes.text(place, 1.16, text, ha="center", va="bottom", fontsize=SMALL, color=INK,
                  parse_math=False, linespacing=1.05)  # fmt: skip
    for line in sorted(one.lines, key=lambda line: (line.shade == line.shade, line.shade)):
        _draw_line(axes, line, best=line.number == one.best)
    show = short_number if tuning.metric == "validation_loss" else points
    room = max(8, int(40 / (n_axes + 1)))
    for place, axis in enumerate(one.axes):
        for (height, _), text in zip(
            axis.ticks, shortened([t for _, t in axis.ticks], room), strict=True
        ):
            _tick(axes, place, height, text)
    if not math.isnan(one.ends[0]):
        for height, end in zip((0.0, 1.0), one.ends, strict=True):
            if height == 1.0 or one.ends[0] != one.ends[1]:
                _tick(axes, n_axes, height if one.ends[0] != one.ends[1] else 0.5, show(end))


def _tick(axes: Axes, place: float, height: float, text: str) -> None:
    """Beyond an axis where it can be, so that no line crosses it, else beside it."""
    above, below = height == 1, height <= 0
    shift = 0.03 if above else -0.04 if below else 0.0
    axes.text(place if above or below else place + 0.04, height + shift, text, color=INK,
              ha="center" if above or below else "left", fontsize=SMALL, parse_math=False,
              va="bottom" if above else "top" if below else "center", zorder=6)  # fmt: skip


def _draw_line(axes: Axes, line: TrialLine, *, best: bool) -> None:
    """Through the settings to the score; one without a score ends at the last setting."""
    heights = [ABSENT if math.isnan(height) else height for height in line.heights]
    if math.isnan(line.score):
        dashes = (0, (4, 2)) if line.state == "failed" else (0, (1, 1.5))
        axes.plot(range(len(heights)), heights, color=GREY, linewidth=1.0, linestyle=dashes,
                  clip_on=False, zorder=2)  # fmt: skip
        return
    color, width, alpha = (ORANGE, 2.4, 1.0) if best else (BLUE, 1.1, 0.2 + 0.7 * line.shade)
    axes.plot(range(len(heights) + 1), [*heights, line.score], color=color, linewidth=width,
              alpha=alpha, clip_on=False, zorder=5 if best else 3)  # fmt: skip


def _told(one: ParallelPanel, tuning: Tuning) -> str:
    show = short_number if tuning.metric == "validation_loss" else points
    n_lost = sum(math.isnan(line.score) for line in one.lines)
    best = next((line for line in one.lines if line.number == one.best), None)
    texts = [f"{len(one.lines)} trials over {', '.join(axis.name for axis in one.axes)}"]
    texts += [f"{n_lost} without a score"] if n_lost else []
    texts += [f"best {show(best.value)}"] if best and not math.isnan(best.value) else []
    return f"{one.arm}: {', '.join(texts)}"
