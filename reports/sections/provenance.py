"""Last section: what it takes to get the same result again."""

from __future__ import annotations

from harness.metrics import METRICS
from reports.sections.page import Page

__all__ = ["context"]


def context(page: Page) -> dict[str, object]:
    """Short facts, and long texts to unfold."""
    facts = {name: text for name, text in page.provenance.items() if "\n" not in text.strip()}
    texts = {name: text for name, text in page.provenance.items() if "\n" in text.strip()}
    signatures = {METRICS[m].label: METRICS[m].signature for m in page.table.metrics}
    return {"facts": facts, "texts": texts, "signatures": signatures}
