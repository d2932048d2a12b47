"""Section on what training may have given away of the test items."""

from __future__ import annotations

from harness.audit.background import Exposed
from harness.audit.overlap import Finding
from reports.sections.page import Page
from reports.wording import interval, metric_label, p_cell, signed

__all__ = ["context"]

WORDS = {
    ("question", "exact"): "question, the same",
    ("question", "near"): "question, nearly the same",
    ("context", "exact"): "context, the same",
    ("context", "near"): "context, nearly the same",
    ("answer", "exact"): "answer, with any question",
}


def context(page: Page) -> dict[str, object]:
    """Counts, examples, and the contrasts without the overlapping items."""
    background = page.study.background
    exposed = [] if background is None else [_exposed(one) for one in background.exposed]
    overlap = background.overlap if background else None
    if overlap is None:
        return {"found": False, "exposed": exposed}
    counted = [f for f in overlap.findings if f.of]
    return {
        "found": True,
        "exposed": exposed,
        "n_overlapping": len(overlap.overlapping),
        "n_items": len(page.table.items),
        "level": page.level,
        "rows": [_row(finding) for finding in counted],
        "examples": [
            {
                "part": WORDS[f.part, f.kind],
                "item": e.item,
                "text": e.text,
                "train_item": e.train_item,
                "train_text": e.train_text,
                "similarity": f"{e.similarity:.2f}",
            }
            for f in counted
            if f.part != "answer"
            for e in f.examples
        ],
        "again": [
            {
                "contrast": one.contrast,
                "metric": metric_label(one.metric),
                "everything": f"{signed(one.everything.estimate)} ({interval(one.everything)})",
                "clean": f"{signed(one.clean.estimate)} ({interval(one.clean)})",
                "n_items": f"{one.clean.n_items:,}",
            }
            for one in page.analysis.cleaned
        ],
    }


def _row(finding: Finding) -> dict[str, str]:
    return {
        "split": finding.split,
        "part": WORDS[finding.part, finding.kind],
        "n_items": f"{finding.items:,} of {finding.of:,}",
        "share": f"{100 * finding.items / finding.of:.1f}%",
    }


def _exposed(one: Exposed) -> dict[str, object]:
    return {
        "model": one.model,
        "p": one.reason or p_cell(one.p_value),
        "shards": one.n_shards,
        "notes": " ".join(one.notes),
    }
