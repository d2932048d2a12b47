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

    Combined levels are shortened one by one. Of a long name that part is kept that tells it from
    the one most like it, and as much of its beginning, then of its end, as there is room for.

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
    if all(len(name) <= width for name in flat):
        return tuple(flat)
    for cut in (_by_parts(flat, width), _each(flat, width)):
        if len(set(cut)) == len(set(flat)) and max(map(len, cut)) <= width:
            return tuple(cut)
    numbers = {name: f" ({place})" for place, name in enumerate(dict.fromkeys(flat), start=1)}
    return tuple(_without_middle(name, width - len(numbers[name])) + numbers[name] for name in flat)


def _by_parts(names: Sequence[str], width: int) -> list[str]:
    """Names of combined levels, each level shortened among those of its factor."""
    rows = [name.split(" / ") for name in names]
    n_parts = len(rows[0])
    if n_parts < 2 or any(len(row) != n_parts for row in rows):
        return []
    columns = [list(column) for column in zip(*rows, strict=True)]
    longest = [max(map(len, column)) for column in columns]
    room = width - (n_parts - 1)
    for left, place in zip(range(n_parts, 0, -1), np.argsort(longest, kind="stable"), strict=True):
        own = max(min(longest[place], room // left), 3)
        columns[place] = _each(columns[place], own)
        room -= own
    return ["/".join(row) for row in zip(*columns, strict=True)]


def _each(names: Sequence[str], width: int) -> list[str]:
    return [_around_difference(name, set(names) - {name}, width) for name in names]


def _around_difference(name: str, others: set[str], width: int) -> str:
    """A name cut down to the words in which it differs from the most similar other one."""
    if len(name) <= width or not others:
        return _without_middle(name, width)
    head, tail = max((_in_common(name, other) for other in sorted(others)), key=sum)
    start = name.rfind(" ", 0, head) + 1
    end = name.find(" ", max(len(name) - tail, start + 1))
    end = len(name) if end < 0 else end
    n_cuts = (start > 0) + (end < len(name))
    core = _without_middle(name[start:end], width - n_cuts)
    room = width - len(core) - n_cuts
    before = min(start, room)
    after = min(len(name) - end, room - before)
    left = name[:before] + "…" * (before < start)
    return left + core + "…" * (end + after < len(name)) + name[len(name) - after :]


def _in_common(one: str, other: str) -> tuple[int, int]:
    """How many characters two names begin with, and how many of the rest they end with."""
    head = _n_same(one, other)
    return head, _n_same(one[head:][::-1], other[head:][::-1])


def _n_same(one: str, other: str) -> int:
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


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
