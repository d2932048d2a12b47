"""Histograms of lengths: the words of questions, contexts and answers, test against training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from harness.audit.profile import MOST_BINS, QUANTILES, Lengths
from reports.plots.svg import BLUE, GREY, INK, ORANGE, new_figure, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LengthPanel", "draw_lengths", "length_panels"]

PANEL, HEADING, TICKS = 0.85, 0.28, 0.27
"""Inches: height of a panel's axes, what is above them and what is below."""


class LengthPanel(NamedTuple):
    """One part of the items.

    Attributes
    ----------
    part : str
    width : int
        Words per bin; the first one starts at 0.
    open : bool
        Whether the last bin has no upper end.
    test, train : tuple of float
        Percent of the split's items per bin; empty where the split has no such texts.
    medians : tuple of float
        Of test and of training; NaN where it has none.
    """

    part: str
    width: int
    open: bool
    test: tuple[float, ...]
    train: tuple[float, ...]
    medians: tuple[float, float]


def length_panels(lengths: Sequence[Lengths]) -> tuple[LengthPanel, ...]:
    """The numbers that the histograms show, a panel for each part."""
    known = {(one.part, one.split): one for one in lengths}
    panels = []
    for part in dict.fromkeys(one.part for one in lengths):
        test, train = known.get((part, "test")), known.get((part, "train"))
        first = test or train
        if first is not None:
            ends = len(first.counts) == MOST_BINS
            medians = _median(test), _median(train)
            panels.append(
                LengthPanel(part, first.width, ends, _percent(test), _percent(train), medians)
            )
    return tuple(panels)


def draw_lengths(panels: Sequence[LengthPanel]) -> str:
    """The panels as an SVG fragment with a text alternative; empty without any."""
    if not panels:
        return ""
    height = len(panels) * (PANEL + HEADING + TICKS)
    figure = new_figure(height)
    axes = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
    figure.subplots_adjust(
        left=0.09,
        right=0.975,
        top=1 - HEADING / height,
        bottom=TICKS / height,
        hspace=(HEADING + TICKS) / PANEL,
    )
    for one, panel in zip(axes, panels, strict=True):
        _draw_panel(one, panel)
    return to_svg(figure, f"Lengths in words. {'; '.join(map(_told, panels))}")


def _draw_panel(axes: Axes, panel: LengthPanel) -> None:
    from matplotlib.ticker import PercentFormatter

    axes.patch.set_alpha(0.0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("bottom", "left"):
        axes.spines[side].set_color(GREY)
    bins = max(len(panel.test), len(panel.train))
    edges = [panel.width * place for place in range(bins + 1)]
    if panel.test:
        axes.stairs(panel.test, edges, fill=True, color=BLUE, alpha=0.55, linewidth=0)
    if panel.train:
        axes.stairs(panel.train, edges, color=ORANGE, linewidth=1.4)
    axes.set_xlim(0, edges[-1])
    axes.set_ylim(0, 1.06 * max((*panel.test, *panel.train)))
    axes.locator_params(axis="x", nbins=8, integer=True)
    axes.locator_params(axis="y", nbins=3)
    axes.yaxis.set_major_formatter(PercentFormatter(decimals=0))
    axes.tick_params(color=GREY, labelcolor=INK, labelsize=7.5, length=2.5, pad=2)
    if panel.open:
        axes.annotate("and longer", (edges[-1], panel.test[-1] if panel.test else panel.train[-1]),
                      (0, 3), textcoords="offset points", ha="right", va="bottom", fontsize=7,
                      color=INK)  # fmt: skip
    axes.set_title(f"words of the {panel.part}", fontsize=8.5, loc="left", color=INK, pad=4)


def _percent(lengths: Lengths | None) -> tuple[float, ...]:
    return tuple(100 * n / lengths.items for n in lengths.counts) if lengths else ()


def _median(lengths: Lengths | None) -> float:
    return lengths.quantiles[QUANTILES.index(0.5)] if lengths else float("nan")


def _told(panel: LengthPanel) -> str:
    splits = (("test", panel.test), ("training", panel.train))
    told = (
        f"{name} median {median:g}, most often {_bin(panel, shares.index(max(shares)))}"
        for (name, shares), median in zip(splits, panel.medians, strict=True)
        if shares
    )
    return f"{panel.part}: {', '.join(told)}"


def _bin(panel: LengthPanel, place: int) -> str:
    start = panel.width * place
    if panel.open and place == MOST_BINS - 1:
        return f"{start} or more"
    return f"{start}" if panel.width == 1 else f"{start} to {start + panel.width - 1}"
