"""Section on parts of the test items: where the difference is large, and where it is not."""

from __future__ import annotations

import math
from itertools import groupby

from reports.sections.page import Page
from reports.slices import FEWEST_CLUSTERS, FEWEST_ITEMS, SliceResult
from reports.wording import interval, metric_label, p_cell, signed

__all__ = ["context"]

TITLES = {
    "question_word": "Question word",
    "answer_length": "Answer length",
    "context_length": "Context length",
    "answer_position": "Answer's place in the context",
    "answerable": "Answerable",
    "answer_seen": "Answer seen in training",
    "overlap": "Overlaps with training",
}


def context(page: Page) -> dict[str, object]:
    """One table per declared contrast, its rows grouped by slice."""
    results = sorted(page.analysis.slices, key=lambda row: (row.contrast, row.metric))
    return {
        "level": page.level,
        "n_tests": sum(not math.isnan(row.p_adjusted) for row in results),
        "fewest": f"{FEWEST_ITEMS} items or {FEWEST_CLUSTERS} clusters",
        "tables": [
            {
                "title": f"{contrast} ({metric_label(metric)})",
                "groups": [
                    {"title": TITLES.get(name, name), "rows": [_row(row) for row in group]}
                    for name, group in groupby(rows, key=lambda row: row.slice)
                ],
            }
            for (contrast, metric), rows in groupby(
                results, key=lambda row: (row.contrast, row.metric)
            )
        ],
    }


def _row(row: SliceResult) -> dict[str, str]:
    return {
        "label": row.label,
        "n_items": f"{row.n_items:,}",
        "n_clusters": f"{row.n_clusters:,}",
        "estimate": signed(row.estimate),
        "interval": interval(row) if row.reason is None else row.reason,
        "p": p_cell(row.p_adjusted),
    }
