"""Third section: the differences with their intervals, declared first, then exploratory."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from harness.metrics import METRICS
from reports.comparison import Comparison
from reports.plots import (
    SeedPanel,
    draw_forest,
    draw_interaction,
    draw_pairs,
    forest_rows,
    interaction_panels,
    pairs,
    seed_panels,
)
from reports.plots import interaction as interactions
from reports.sections.page import Page
from reports.wording import UNKNOWN, interval, metric_label, p_cell, points, signed

__all__ = ["context"]

CLAIM_WORDS = {
    "better": "is better",
    "different": "differs",
    "non_inferior": "is not worse by more than {margin:g}",
    "equivalent": "is equivalent within {margin:g}",
}


def context(page: Page) -> dict[str, object]:
    """Forest plot and tables of comparisons."""
    analysis = page.analysis
    picture = draw_forest(forest_rows(analysis.comparisons)) if analysis.comparisons else ""
    panels = seed_panels(page.study, page.table)
    return {
        "interaction": _interaction(page),
        "seeds": {
            "picture": Markup(draw_pairs(panels)),
            "n_more": max(len(panels) - pairs.MOST_PANELS, 0),
            "rows": [row for panel in panels for row in _seed_rows(panel)],
        },
        # The drawing escapes what it is given.
        "picture": Markup(picture),
        "declared": _rows(analysis.comparisons),
        "exploratory": _rows(analysis.exploratory),
        "level": page.level,
        "is_declared": page.study.declared,
        "lower": any(METRICS[metric].lower_is_better for metric in page.table.metrics),
        "has_margin": any(c.margin is not None for c in analysis.comparisons),
        "has_interaction": any(c.kind == "interaction" for c in analysis.comparisons),
    }


def _interaction(page: Page) -> dict[str, object]:
    """The plot of the first two factors; its numbers are the scoreboard's."""
    metric = page.study.primary
    means = {row.arm: row.mean for row in page.analysis.scoreboard if row.metric == metric}
    panels = interaction_panels(page.study.factors, means)
    return {
        "picture": Markup(draw_interaction(panels, metric)),
        "metric": metric_label(metric),
        "x": panels[0].x_factor if panels else "",
        "lines": panels[0].line_factor if panels else "",
        "n_more": max(len(panels) - interactions.MOST_PANELS, 0),
    }


def _seed_rows(panel: SeedPanel) -> list[dict[str, str]]:
    return [
        {
            "contrast": panel.contrast,
            "metric": metric_label(panel.metric),
            "seed": str(line.seed),
            "control": points(line.control),
            "treatment": points(line.treatment),
            "difference": signed(line.difference),
        }
        for line in panel.lines
    ]


def _rows(comparisons: Sequence[Comparison]) -> list[dict[str, str]]:
    rows = []
    for c in comparisons:
        show = points if c.kind == "main" else signed
        rows.append(
            {
                "contrast": c.contrast,
                "metric": metric_label(c.metric),
                "claim": CLAIM_WORDS[c.claim].format(margin=c.margin or 0),
                "control": show(c.control_mean),
                "treatment": show(c.treatment_mean),
                "estimate": signed(c.estimate),
                "interval": interval(c),
                "p": p_cell(c.p_adjusted),
                "verdict": c.verdict if not c.exploratory else _hint(c),
            }
        )
    return rows


def _hint(comparison: Comparison) -> str:
    """An exploratory comparison has no verdict, only a direction that may be worth a test."""
    if comparison.verdict not in ("better", "worse"):
        return UNKNOWN
    return "higher" if comparison.estimate > 0 else "lower"
