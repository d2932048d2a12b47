"""Dot plot: each arm's score at each seed, so that the luck of a seed can be seen."""

from __future__ import annotations

import math
from textwrap import shorten
from typing import NamedTuple

from harness.metrics import METRICS
from reports.plots.svg import BLUE, GREY, INK, new_figure, to_svg
from reports.scores import ScoreTable
from reports.wording import metric_label, points

__all__ = ["ArmPoints", "arm_points", "draw_arms"]

ROW = 0.44
"""Inches per arm."""


class ArmPoints(NamedTuple):
    """One arm's corpus scores (0-100) by seed; missing runs are left out."""

    arm: str
    scores: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over the seeds; NaN without any."""
        return sum(self.scores) / len(self.scores) if self.scores else float("nan")


def arm_points(table: ScoreTable, metric: str) -> tuple[ArmPoints, ...]:
    """The numbers that the dot plot of a metric shows."""
    return tuple(
        ArmPoints(arm, tuple(float(score) for score in scores if not math.isnan(score)))
        for arm, scores in zip(table.arms, table.corpus(metric), strict=True)
    )


def draw_arms(rows: tuple[ArmPoints, ...], metric: str) -> str:
    """The points as an SVG fragment with a text alternative; empty without any score."""
    scores = [score for row in rows for score in row.scores]
    if not scores:
        return ""
    height = ROW * len(rows) + 0.5
    figure = new_figure(height)
    axes = figure.subplots()
    axes.patch.set_alpha(0.0)
    figure.subplots_adjust(left=0.01, right=0.99, top=1 - 0.06 / height, bottom=0.44 / height)
    axes.set_ylim(len(rows) - 0.35, -0.75)
    axes.set_yticks([])
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GREY)
    axes.tick_params(axis="x", color=GREY, labelcolor=INK, labelsize=8.5, length=3, pad=2)
    low, high = min(scores), max(scores)
    pad = max(0.06 * (high - low), 0.5)
    axes.set_xlim(max(low - pad, -2.0), min(high + pad, METRICS[metric].highest + 2.0))
    axes.set_xlabel(f"{metric_label(metric)}, one dot per seed; the line is the mean",
                    color=INK, fontsize=8)  # fmt: skip
    for place, row in enumerate(rows):
        axes.axhline(place, color=GREY, linewidth=0.5, alpha=0.5)
        label = shorten(row.arm, 56, placeholder=" …")
        axes.text(0, place - 0.22, label, transform=axes.get_yaxis_transform(), ha="left",
                  va="bottom", fontsize=9, color=INK, parse_math=False)  # fmt: skip
        axes.plot(row.scores, [place] * len(row.scores), "o", color=BLUE, alpha=0.65,
                  markersize=6, markeredgewidth=0)  # fmt: skip
        if row.scores:
            axes.plot([row.mean] * 2, [place - 0.17, place + 0.17], color=INK, linewidth=1.6)
    told = "; ".join(f"{r.arm}: {', '.join(map(points, r.scores)) or 'no run'}" for r in rows)
    return to_svg(figure, f"{metric_label(metric)} of each arm by seed. {told}")
