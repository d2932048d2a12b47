"""What several plots share: panels placed in inches, names that fit, labels that do not overlap.

Lines and points are named directly beside the panel, so that no legend and no colour is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from reports.plots.svg import BLUE, GREY, INK, ORANGE, WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["STYLES", "Mark", "label_marks", "panel", "shortened", "spread", "x_names"]

TEXT = 9.0
"""Points; on a phone's 390 px they become about 10 px."""
LINE = 0.165
"""Inches from one label to the next."""


class Style(NamedTuple):
    """How a line is drawn; `dashes` as matplotlib writes them."""

    color: str
    marker: str
    dashes: str | tuple[float, tuple[float, ...]]


STYLES = (
    Style(BLUE, "o", "-"),
    Style(ORANGE, "s", (0, (4, 2))),
    Style(INK, "^", (0, (1, 1.5))),
    Style(GREY, "D", (0, (5, 1.5, 1, 1.5))),
    Style(BLUE, "v", (0, (8, 2))),
    Style(ORANGE, "P", (0, (2, 3))),
)
"""Of lines beside each other: markers and dashes differ, so that colour is not needed."""


class Mark(NamedTuple):
    """A label and the point that it names, in the units of the axes."""

    x: float
    y: float
    text: str
    bold: bool = False


def shortened(names: Sequence[str], width: int) -> tuple[str, ...]:
    """Names of at most `width` characters, which stay different from each other.

    The middle of a long one is left out; where that makes two alike, what all of them begin and
    end with goes first.

    Parameters
    ----------
    names : sequence of str, length n_names
    width : int
        At least 8.

    Returns
    -------
    tuple of str, length n_names
    """
    flat = [" ".join(name.split()) for name in names]
    cut = [_without_middle(name, width) for name in flat]
    n_different = len(set(flat))
    if len(set(cut)) == n_different:
        return tuple(cut)
    head = _n_common(flat)
    tail = _n_common([name[head:][::-1] for name in flat])
    start, end = "…" if head > 1 else "", "…" if tail > 1 else ""
    parts = [n[head * bool(start) : len(n) - tail * bool(end)] for n in flat]
    cut = [_without_middle(f"{start}{part}{end}", width) for part in parts]
    if len(set(cut)) == n_different:
        return tuple(cut)
    numbers = {name: f" ({place})" for place, name in enumerate(dict.fromkeys(flat), start=1)}
    return tuple(_without_middle(name, width - len(numbers[name])) + numbers[name] for name in flat)


def _n_common(names: Sequence[str]) -> int:
    """How many characters all names begin with."""
    columns = zip(*names, strict=False)
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))


def _without_middle(name: str, width: int) -> str:
    if len(name) <= width:
        return name
    tail = (width - 1) // 2
    return f"{name[: width - 1 - tail]}…{name[len(name) - tail :]}"


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """The places nearest to the wanted ones that are at least `gap` apart.

    Parameters
    ----------
    wanted : sequence of float, length n
    gap, low, high : float
        The gap becomes smaller where n places do not fit between low and high.

    Returns
    -------
    list of float, length n
        Least squares, by isotonic regression of the places less the room that those below need.
    """
    from scipy.optimize import isotonic_regression

    n = len(wanted)
    if n < 2:
        return [min(max(place, low), high) for place in wanted]
    gap = min(gap, (high - low) / (n - 1))
    order = np.argsort(wanted, kind="stable")
    below = gap * np.arange(n)
    free = isotonic_regression(np.asarray(wanted, dtype=float)[order] - below).x
    placed = np.empty(n)
    placed[order] = np.clip(free, low, max(high - below[-1], low)) + below
    return [float(place) for place in placed]


def panel(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place in inches from the figure's upper left, with the page's few lines."""
    whole = figure.get_figheight()
    box = (left / WIDTH, 1 - (top + height) / whole, width / WIDTH, height / whole)
    axes = figure.add_axes(box)
    axes.patch.set_alpha(0.0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("bottom", "left"):
        axes.spines[side].set_color(GREY)
    axes.tick_params(color=GREY, labelcolor=INK, labelsize=TEXT, length=3, pad=2)
    axes.grid(axis="y", color=GREY, linewidth=0.4, alpha=0.4)
    return axes


def x_names(axes: Axes, names: Sequence[str]) -> None:
    """Names of the places 0, 1, … below the axis."""
    axes.set_xticks(range(len(names)))
    axes.set_xticklabels(names, fontsize=TEXT, color=INK, parse_math=False)


def label_marks(axes: Axes, marks: Sequence[Mark]) -> None:
    """Write the labels in a column right of the axes, each with a line to its point.

    The limits of the axes have to be final.
    """
    transform = axes.transData + axes.transAxes.inverted()
    points = [transform.transform((mark.x, mark.y)) for mark in marks]
    figure = axes.get_figure(root=True)
    assert figure is not None  # the axes are those of `panel`
    height = axes.get_position().height * figure.get_figheight()
    width = axes.get_position().width * WIDTH
    places = spread([float(y) for _, y in points], LINE / height, 0.0, 1.0)
    for mark, (x, y), place in zip(marks, points, places, strict=True):
        axes.plot([x + 0.05 / width, 1 + 0.08 / width], [y, place], color=GREY, linewidth=0.7,
                  transform=axes.transAxes, clip_on=False, zorder=1)  # fmt: skip
        axes.text(1 + 0.11 / width, place, mark.text, transform=axes.transAxes, va="center",
                  ha="left", fontsize=TEXT, color=INK, parse_math=False,
                  fontweight="bold" if mark.bold else "normal")  # fmt: skip
