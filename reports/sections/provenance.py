"""Last section: what it takes to get the same result again."""

from __future__ import annotations

from collections.abc import Mapping

from harness.metrics import METRICS
from reports.sections.page import Page

__all__ = ["context"]


CONTENT = ("test items", "training items", "base model")
"""What a declaration names by its content, so that the same can be told from another."""


def context(page: Page) -> dict[str, object]:
    """Short facts, and long texts to unfold."""
    facts = {name: text for name, text in page.provenance.items() if "\n" not in text.strip()}
    facts |= _content(page)
    texts = {name: text for name, text in page.provenance.items() if "\n" in text.strip()}
    signatures = {METRICS[m].label: METRICS[m].signature for m in page.table.metrics}
    return {"facts": facts, "texts": texts, "signatures": signatures}


def _content(page: Page) -> dict[str, str]:
    """Hashes of data and base model, where they were declared."""
    what = page.study.history[-1].what if page.study.history else {}
    return {
        f"{name.capitalize()}, by content": _listed(what[name]) for name in CONTENT if name in what
    }


def _listed(value: object) -> str:
    if isinstance(value, Mapping):  # arms differ in it
        return "; ".join(f"{arm}: {identity}" for arm, identity in value.items())
    return str(value)
