"""Interaction plot: mean scores, one factor along the axis and a line per level of another.

Lines that are not parallel are effects that depend on the other factor; whether they do is a
hypothesis, not a look at this picture.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from reports.plots.layout import STYLES, TEXT, Mark, label_marks, panel, shortened, x_names
from reports.plots.svg import INK, WIDTH, new_figure, to_svg
from reports.wording import metric_label, points

__all__ = [
    "MOST_PANELS",
    "InteractionLine",
    "InteractionPanel",
    "draw_interaction",
    "interaction_panels",
]

MOST_PANELS = 6
"""Combinations of further factors that get a panel; the rest is in the scoreboard."""

LEFT, RIGHT, TOP, PLOT, BOTTOM = 0.42, 1.25, 0.3, 1.55, 0.3
"""Inches around and of a panel."""


class InteractionLine(NamedTuple):
    """Mean scores of the arms with one level of the second factor, by level of the first."""

    level: str
    means: tuple[float, ...]


class InteractionPanel(NamedTuple):
    """One combination of the levels of all factors but the first two.

    Attributes
    ----------
    rest : str
        That combination, such as `rank: 8`; empty with two factors.
    x_factor, line_factor : str
    x_levels : tuple of str, length n_levels
    lines : tuple of InteractionLine
        Each with n_levels means in points; NaN is unknown.
    """

    rest: str
    x_factor: str
    line_factor: str
    x_levels: tuple[str, ...]
    lines: tuple[InteractionLine, ...]


def interaction_panels(
    factors: Mapping[str, Sequence[str]], means: Mapping[str, float]
) -> tuple[InteractionPanel, ...]:
    """The numbers that an interaction plot shows.

    Parameters
    ----------
    factors : mapping of str to sequence of str
        Levels of each factor, in the order of the arms' names.
    means : mapping of str to float
        Score of each arm by its name, in points.

    Returns
    -------
    tuple of InteractionPanel
        One for each combination of the third and later factors; empty with one factor.
    """
    if len(factors) < 2:
        return ()
    (x, x_levels), (line, line_levels), *others = factors.items()
    panels = []
    for rest in itertools.product(*(levels for _, levels in others)):
        lines = tuple(
            InteractionLine(
                level,
                tuple(means.get(" / ".join([own, level, *rest]), math.nan) for own in x_levels),
            )
            for level in line_levels
        )
        named = ", ".join(f"{o}: {own}" for (o, _), own in zip(others, rest, strict=True))
        panels.append(InteractionPanel(named, x, line, tuple(x_levels), lines))
    return tuple(panels)


def draw_interaction(panels: Sequence[InteractionPanel], metric: str) -> str:
    """The first panels as an SVG fragment with a text alternative; empty without any score."""
    shown = panels[:MOST_PANELS]
    known = [m for p in shown for line in p.lines for m in line.means if not math.isnan(m)]
    if not known:
        return ""
    tall = max(PLOT, 0.18 * max(len(p.lines) for p in shown))
    row = TOP + tall + BOTTOM
    figure = new_figure(row * len(shown))
    pad = max(0.08 * (max(known) - min(known)), 0.5)
    width = WIDTH - LEFT - RIGHT
    for place, one in enumerate(shown):
        axes = panel(figure, LEFT, place * row + TOP, width, tall)
        axes.set_ylim(min(known) - pad, max(known) + pad)
        axes.set_xlim(-0.15, len(one.x_levels) - 0.85)
        x_names(axes, shortened(one.x_levels, max(8, 36 // len(one.x_levels))))
        title = f"{metric_label(metric)}" + (f"; {one.rest}" if one.rest else "")
        axes.text(-0.38 / width, 1 + 0.1 / tall, shortened([title], 58)[0], ha="left", va="bottom",
                  transform=axes.transAxes, fontsize=TEXT, color=INK, parse_math=False)  # fmt: skip
        names = shortened([line.level for line in one.lines], 17)
        marks = []
        for line, name, style in zip(one.lines, names, itertools.cycle(STYLES), strict=False):
            axes.plot(range(len(line.means)), line.means, markersize=5.5, linewidth=1.7,
                      color=style.color, marker=style.marker, linestyle=style.dashes)  # fmt: skip
            last = [(x, y) for x, y in enumerate(line.means) if not math.isnan(y)][-1:]
            marks += [Mark(x, y, name) for x, y in last]
        label_marks(axes, marks)
    return to_svg(figure, f"Mean {metric_label(metric)} of each arm. {_told(shown)}")


def _told(panels: Sequence[InteractionPanel]) -> str:
    texts = []
    for one in panels:
        for line in one.lines:
            where = f"{one.rest}, " if one.rest else ""
            scores = zip(one.x_levels, line.means, strict=True)
            known = (f"{x} {'no run' if math.isnan(y) else points(y)}" for x, y in scores)
            texts.append(f"{where}{line.level}: {', '.join(known)}")
    return "; ".join(texts)
