"""Section on single items: what each arm answered, and which answers changed."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

from markupsafe import Markup

from reports.items import CATEGORIES, LONGEST_ANSWER, Items, Slice, items_of, outcomes
from reports.packing import LONGEST_CONTEXT, LeftOut, fitted, packed
from reports.sections.page import Page
from reports.sections.slices import TITLES

__all__ = ["context"]

MOST_ARMS = 4
"""With more of them not all pairs are counted."""


def context(page: Page) -> dict[str, object]:
    """Counts for pairs of arms, and every item for the script that shows them."""
    whole = items_of(page.study, page.table, page.records)
    if not (whole.answers >= 0).any():
        return {"found": False}
    items, left_out = fitted(whole)
    control, treatment = _declared_pair(page)
    return {
        "found": True,
        "arms": whole.arms,
        "control": control,
        "treatment": treatment,
        "categories": CATEGORIES,
        "pairs": [_counted(whole, *pair) for pair in _pairs(len(whole.arms))],
        "against_first": len(whole.arms) > MOST_ARMS,
        "slices": [_options(place, one) for place, one in enumerate(items.slices)],
        "notes": _notes(whole, left_out),
        # Escaped for this place, see `packed`.
        "data": Markup(packed(items)),
    }


def _declared_pair(page: Page) -> tuple[int, int]:
    """The first arms on either side of the first declared contrast."""
    weights = page.study.hypotheses[0].contrast.weights if page.study.hypotheses else {}
    known = [weights.get(arm, 0.0) for arm in page.table.arms]
    if not any(known):
        return 0, len(known) - 1
    return known.index(min(known)), known.index(max(known))


def _pairs(n_arms: int) -> list[tuple[int, int]]:
    every = list(combinations(range(n_arms), 2))
    return every if n_arms <= MOST_ARMS else [pair for pair in every if pair[0] == 0]


def _counted(items: Items, control: int, treatment: int) -> dict[str, object]:
    codes = Counter(outcomes(items.em, control, treatment).tolist())
    return {
        "control": items.arms[control],
        "treatment": items.arms[treatment],
        "counts": [f"{codes[code]:,}" for code in range(len(CATEGORIES))],
    }


def _options(place: int, one: Slice) -> dict[str, object]:
    labels = [(f"{place}:{code}", label) for code, label in enumerate(one.labels)]
    return {"title": TITLES.get(one.name, one.name), "labels": labels}


def _notes(items: Items, left_out: LeftOut) -> list[str]:
    """What a reader would look for in vain."""
    notes = []
    if not any(items.questions):
        notes.append("The questions were not stored with these results.")
    if left_out.answers:
        notes.append(
            f"{left_out.answers:,} answers or references are cut to {LONGEST_ANSWER} characters."
        )
    if left_out.contexts:
        notes.append(
            f"Left out to keep the file small: {left_out.contexts:,} of {len(items.contexts):,} "
            f"contexts, all those longer than {LONGEST_CONTEXT:,} characters."
        )
    if left_out.items:
        notes.append(
            f"Left out to keep the file small: {left_out.items:,} of {len(items.ids):,} items, "
            f"{left_out.changed:,} of which some pair of arms differs on; those without a change "
            "went first, by a digest of their ids. The table above counts all items, the list "
            "below only those that are here."
        )
    return notes
