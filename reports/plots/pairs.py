"""Per-seed paired lines: from the control's mean to the treatment's at each seed.

One sees whether every seed agrees, and not the luck of the items: that is in the intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from harness.metrics import sign_of
from reports.measurement import paired_scores
from reports.plots.layout import TEXT, Mark, label_marks, panel, shortened, x_names
from reports.plots.svg import BLUE, GREY, INK, ORANGE, WIDTH, new_figure, to_svg
from reports.scores import ScoreTable
from reports.study import Study
from reports.wording import metric_label, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MOST_PANELS", "SeedLine", "SeedPanel", "draw_pairs", "seed_panels"]

MOST_PANELS = 6
"""Contrasts that get a panel; all of them are in the table."""
MOST_LABELS = 8
"""Seeds of a panel that are named."""

LEFT, TOP, PLOT, BOTTOM, LABELS = 0.4, 0.42, 1.35, 0.32, 0.56
"""Inches around and of a panel."""


class SeedLine(NamedTuple):
    """Mean scores at one seed, averaged over the other factors, in points."""

    seed: int
    control: float
    treatment: float

    @property
    def difference(self) -> float:
        """Treatment minus control, in points."""
        return self.treatment - self.control


class SeedPanel(NamedTuple):
    """A declared main effect at each seed that has runs of all its arms.

    Attributes
    ----------
    contrast, factor, metric : str
    control, treatment : str
        The two levels.
    lines : tuple of SeedLine
    """

    contrast: str
    factor: str
    metric: str
    control: str
    treatment: str
    lines: tuple[SeedLine, ...]

    @property
    def agreement(self) -> str:
        """How many seeds go which way, in words."""
        rising = sum(line.difference > 0 for line in self.lines)
        falling = sum(line.difference < 0 for line in self.lines)
        n = len(self.lines)
        if n == 1:
            return "one seed: it " + ("rises" if rising else "falls" if falling else "is level")
        for count, word in (
            (rising, "rise"),
            (falling, "fall"),
            (n - rising - falling, "are level"),
        ):
            if count == n:
                return f"all {n} seeds {word}"
        level = n - rising - falling
        return f"{rising} of {n} seeds rise, {falling} fall" + (f", {level} level" if level else "")


def seed_panels(study: Study, table: ScoreTable) -> tuple[SeedPanel, ...]:
    """The numbers behind the lines of each declared main effect.

    Parameters
    ----------
    study : Study
    table : ScoreTable

    Returns
    -------
    tuple of SeedPanel
        Without interactions, and without contrasts that no seed has all runs for. Items that a
        seed has no score for are left out in all seeds, as in the comparison itself.
    """
    panels = []
    for (name, metric), contrast in study.contrasts.items():
        if contrast.kind != "main":
            continue
        weights, values = paired_scores(contrast, metric, table)
        part_of = np.isin(np.array(table.arms), list(contrast.weights))
        common = np.flatnonzero(table.present()[part_of].all(axis=0))
        seeds = [table.seeds[place] for place in common]
        scored = ~np.isnan(values).any(axis=(0, 1))
        if not seeds or not scored.any():
            continue
        means = values[:, :, scored].mean(axis=2)  # (n_contrast_arms, n_common_seeds)
        controls = np.maximum(-weights, 0) @ means
        treatments = np.maximum(weights, 0) @ means
        lines = tuple(
            SeedLine(seed, float(low), float(high))
            for seed, low, high in zip(seeds, controls, treatments, strict=True)
        )
        treatment, control = contrast.levels[0]
        factor = contrast.factors[0] if contrast.factors else ""
        panels.append(SeedPanel(name, factor, metric, control, treatment, lines))
    return tuple(panels)


def draw_pairs(panels: Sequence[SeedPanel]) -> str:
    """The first panels as an SVG fragment with a text alternative; empty without any."""
    shown = panels[:MOST_PANELS]
    if not shown:
        return ""
    n_columns = min(2, len(shown))
    column, row = WIDTH / n_columns, TOP + PLOT + BOTTOM
    figure = new_figure(row * -(-len(shown) // n_columns))
    room = 28 * (3 - n_columns)  # characters of a line in a column
    levels = list(dict.fromkeys(level for one in shown for level in (one.control, one.treatment)))
    names = dict(zip(levels, shortened(levels, room // 2 - 1), strict=True))
    for place, one in enumerate(shown):
        down, across = divmod(place, n_columns)
        width = column - LEFT - LABELS
        axes = panel(figure, across * column + LEFT, down * row + TOP, width, PLOT)
        _draw_lines(axes, one)
        x_names(axes, [names[one.control], names[one.treatment]])
        title = " ".join([*([f"{one.factor}:"] if one.factor else []), metric_label(one.metric)])
        for text, inches, weight in ((title, 0.24, "bold"), (one.agreement, 0.08, "normal")):
            axes.text(-0.36 / width, 1 + inches / PLOT, shortened([text], room)[0], ha="left",
                      transform=axes.transAxes, fontsize=TEXT, color=INK, fontweight=weight,
                      parse_math=False)  # fmt: skip
    return to_svg(figure, f"Each seed's mean scores. {'; '.join(map(_told, shown))}")


def _draw_lines(axes: Axes, one: SeedPanel) -> None:
    ends = [end for line in one.lines for end in line[1:]]
    pad = max(0.08 * (max(ends) - min(ends)), 0.25)
    axes.set_ylim(min(ends) - pad, max(ends) + pad)
    axes.set_xlim(-0.2, 1.1)
    axes.locator_params(axis="y", nbins=5)
    for line in one.lines:
        better = sign_of(one.metric) * line.difference > 0
        color, dashes = (BLUE, "-") if better else (ORANGE, "--")
        if line.difference == 0:
            color, dashes = GREY, ":"
        axes.plot([0, 1], line[1:], color=color, linestyle=dashes, marker="o", markersize=4,
                  linewidth=1.6)  # fmt: skip
    if len(one.lines) <= MOST_LABELS:
        label_marks(axes, [Mark(1, line.treatment, f"seed {line.seed}") for line in one.lines])


def _told(one: SeedPanel) -> str:
    pairs = (f"seed {s} {points(a)} to {points(b)}" for s, a, b in one.lines)
    return f"{one.contrast} ({metric_label(one.metric)}), {one.agreement}: {', '.join(pairs)}"
