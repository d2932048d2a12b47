"""Third section: the differences with their intervals, declared first, then exploratory."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from reports.comparison import Comparison
from reports.plots import draw_forest, forest_rows
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
    return {
        # The drawing escapes what it is given.
        "picture": Markup(picture),
        "declared": _rows(analysis.comparisons),
        "exploratory": _rows(analysis.exploratory),
        "level": page.level,
        "is_declared": page.study.declared,
        "has_margin": any(c.margin is not None for c in analysis.comparisons),
        "has_interaction": any(c.kind == "interaction" for c in analysis.comparisons),
    }


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
    return {"better": "higher", "worse": "lower"}.get(comparison.verdict, UNKNOWN)
