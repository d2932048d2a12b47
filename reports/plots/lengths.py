"""Histograms of lengths: words, test against training, and characters against a limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from harness.audit.lengths import MOST_BINS, QUANTILES, Lengths
from harness.audit.thresholds import Threshold
from harness.data.messages import counted
from reports.plots.svg import BLUE, GREY, INK, ORANGE, new_figure, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "LengthPanel",
    "LimitPanel",
    "draw_lengths",
    "draw_limit",
    "length_panels",
    "limit_panels",
]

PANEL, HEADING, TICKS = 0.85, 0.28, 0.27
"""Inches: height of a panel's axes, what is above them and what is below."""

FAR = 2
"""How many times the drawn lengths a limit may be to be drawn itself."""

_SPLITS = {"test": "test", "validation": "validation", "train": "training"}


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


class LimitPanel(NamedTuple):
    """The characters of one split against a limit.

    Attributes
    ----------
    split : str
    edges : tuple of int
        Where each bin starts, and where the last one ends.
    open : bool
        Whether the last bin has no upper end.
    shares : tuple of float
        Percent of the split's items per bin.
    median : float
    beyond : int
        Items with more characters than the limit.
    limit : int
    """

    split: str
    edges: tuple[int, ...]
    open: bool
    shares: tuple[float, ...]
    median: float
    beyond: int
    limit: int


def limit_panels(threshold: Threshold) -> tuple[LimitPanel, ...]:
    """The numbers that are drawn of a limit, a panel for each split: test first."""
    return tuple(
        LimitPanel(
            _SPLITS[one.split],
            tuple(one.start + one.width * place for place in range(len(one.counts) + 1)),
            len(one.counts) == MOST_BINS,
            _percent(one),
            _median(one),
            sum(item.split == one.split for item in threshold.long),
            threshold.limit,
        )
        for one in sorted(threshold.lengths, key=lambda one: [*_SPLITS].index(one.split))
    )


def draw_limit(panels: Sequence[LimitPanel], what: str) -> str:
    """Panels of `limit_panels` as an SVG fragment with a text alternative; empty without any.

    Parameters
    ----------
    panels : sequence of LimitPanel
    what : str
        Whose characters they are.
    """
    if not panels:
        return ""
    figure, every = _figure(len(panels))
    for axes, panel in zip(every, panels, strict=True):
        _style(axes, f"characters of the {panel.split} items")
        _draw_limit_panel(axes, panel)
    told = "; ".join(
        f"{panel.split} median {panel.median:g}, {counted(panel.beyond, 'item')} beyond the limit"
        for panel in panels
    )
    return to_svg(figure, f"Characters of {what}, limit {panels[0].limit:,}. {told}")


def draw_lengths(panels: Sequence[LengthPanel]) -> str:
    """The panels as an SVG fragment with a text alternative; empty without any."""
    if not panels:
        return ""
    figure, every = _figure(len(panels))
    for axes, panel in zip(every, panels, strict=True):
        _style(axes, f"words of the {panel.part}")
        _draw_panel(axes, panel)
    return to_svg(figure, f"Lengths in words. {'; '.join(map(_told, panels))}")


def _figure(n_panels: int) -> tuple[Figure, list[Axes]]:
    height = n_panels * (PANEL + HEADING + TICKS)
    figure = new_figure(height)
    axes = figure.subplots(n_panels, 1, squeeze=False)[:, 0]
    figure.subplots_adjust(
        left=0.09,
        right=0.975,
        top=1 - HEADING / height,
        bottom=TICKS / height,
        hspace=(HEADING + TICKS) / PANEL,
    )
    return figure, list(axes)


def _style(axes: Axes, title: str) -> None:
    axes.patch.set_alpha(0.0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("bottom", "left"):
        axes.spines[side].set_color(GREY)
    axes.tick_params(color=GREY, labelcolor=INK, labelsize=7.5, length=2.5, pad=2)
    axes.set_title(title, fontsize=8.5, loc="left", color=INK, pad=4)


def _scale(axes: Axes, right: float, top: float) -> None:
    from matplotlib.ticker import PercentFormatter

    axes.set_xlim(0, right)
    axes.set_ylim(0, 1.06 * top)
    axes.locator_params(axis="x", nbins=8, integer=True)
    axes.locator_params(axis="y", nbins=3)
    axes.yaxis.set_major_formatter(PercentFormatter(decimals=0))


def _draw_limit_panel(axes: Axes, panel: LimitPanel) -> None:
    edges = panel.edges
    axes.stairs(panel.shares, edges, fill=True, color=BLUE, alpha=0.55, linewidth=0)
    # a limit far beyond every item would leave no room for the items
    near = panel.limit <= FAR * edges[-1]
    _scale(axes, max(edges[-1], 1.02 * panel.limit * near), max(panel.shares))
    if panel.open:
        _say_open(axes, edges[-1], panel.shares[-1])
    if near:
        axes.axvline(panel.limit + 1, color=ORANGE, linewidth=1.4, linestyle=(0, (4, 2)))
    right = axes.get_xlim()[1]
    beside = "right" if panel.limit > 0.75 * right else "left"
    axes.annotate(f"limit {panel.limit:,}: {panel.beyond:,} beyond",
                  (min(panel.limit, right), 0.98), (-4 if beside == "right" else 4, 0),
                  xycoords=axes.get_xaxis_transform(), textcoords="offset points", ha=beside,
                  va="top", fontsize=7.5, color=INK)  # fmt: skip


def _say_open(axes: Axes, right: float, height: float) -> None:
    axes.annotate("and longer", (right, height), (0, 3), textcoords="offset points", ha="right",
                  va="bottom", fontsize=7, color=INK)  # fmt: skip


def _draw_panel(axes: Axes, panel: LengthPanel) -> None:
    bins = max(len(panel.test), len(panel.train))
    edges = [panel.width * place for place in range(bins + 1)]
    if panel.test:
        axes.stairs(panel.test, edges, fill=True, color=BLUE, alpha=0.55, linewidth=0)
    if panel.train:
        axes.stairs(panel.train, edges, color=ORANGE, linewidth=1.4)
    _scale(axes, edges[-1], max((*panel.test, *panel.train)))
    if panel.open:
        _say_open(axes, edges[-1], panel.test[-1] if panel.test else panel.train[-1])


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
