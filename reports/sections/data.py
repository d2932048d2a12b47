"""Section on the data: how many items, how long their texts, and what limits cut off or flag."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from harness.audit.lengths import QUANTILES, Lengths
from harness.audit.profile import Profile, Size
from harness.audit.thresholds import Threshold
from harness.results import RunRecord
from reports.plots.lengths import LimitPanel, draw_lengths, draw_limit, length_panels, limit_panels
from reports.sections.page import Page
from reports.wording import UNKNOWN

__all__ = ["context"]

ORDER = ("test", "validation", "train")
WORDS = {"test": "test", "validation": "validation", "train": "training"}
SHOWN = (0.05, 0.5, 0.95, 1.0)
"""Quantiles of lengths that are in tables."""
LISTED = 20
"""Items that are too long and are named; a file beside the page has all of them."""


def context(page: Page) -> dict[str, object]:
    """Sizes, lengths in words, and each arm's prompts with their limit."""
    background = page.study.background
    profile = background.profile if background is not None else None
    limits = _limits(page, profile)
    if profile is None:
        nothing: dict[str, object] = {"sizes": [], "lengths": [], "thresholds": []}
        return {"found": bool(limits), "limits": limits, **nothing}
    names = tuple(dict.fromkeys(name for size in profile.sizes for name, _ in size.clusters))
    ordered = sorted(profile.sizes, key=lambda size: ORDER.index(size.split))
    panels = length_panels(profile.lengths)
    return {
        "found": True,
        "levels": names,
        "unanswerable": any(size.unanswerable for size in profile.sizes),
        "sizes": [_size_row(size, names, len(page.study.arms)) for size in ordered],
        # The drawing escapes what it is given.
        "picture": Markup(draw_lengths(panels)),
        "trained": any(panel.train for panel in panels),
        "lengths": [_length_row(one) for one in profile.lengths],
        "limits": limits,
        "thresholds": [_threshold(one, len(page.study.arms)) for one in profile.thresholds],
        "notes": profile.notes,
    }


def _size_row(size: Size, names: Sequence[str], n_arms: int) -> dict[str, object]:
    clusters = dict(size.clusters)
    return {
        "split": WORDS[size.split],
        "arms": ", ".join(size.arms) if len(size.arms) < n_arms else None,
        "items": f"{size.items:,}",
        "clusters": [f"{clusters[name]:,}" if name in clusters else UNKNOWN for name in names],
        "unanswerable": f"{size.unanswerable:,}",
    }


def _length_row(lengths: Lengths) -> dict[str, object]:
    known = dict(zip(QUANTILES, lengths.quantiles, strict=True))
    return {
        "part": lengths.part,
        "split": WORDS[lengths.split],
        "items": f"{lengths.items:,}",
        "words": [f"{known[share]:,.0f}" for share in SHOWN],
    }


def _threshold(one: Threshold, n_arms: int) -> dict[str, object]:
    panels = limit_panels(one)
    return {
        "what": one.what,
        "limit": f"{one.limit:,}",
        "sentence": _on_limit(one, panels),
        "arms": ", ".join(one.arms) if len(one.arms) < n_arms else None,
        "picture": Markup(draw_limit(panels, one.what)),
        "rows": [
            {
                "split": WORDS[item.split],
                "item": item.item,
                "characters": f"{item.characters:,}",
                "beginning": item.beginning,
            }
            for item in one.long[:LISTED]
        ],
        "more": f"{len(one.long) - LISTED:,}" if len(one.long) > LISTED else None,
    }


def _on_limit(one: Threshold, panels: Sequence[LimitPanel]) -> str:
    """How many items of which splits are too long, and what that means for them."""
    what = f"more than {one.limit:,} characters in these fields together"
    if not one.long:
        return f"No item has {what}."
    *others, last = (f"{panel.beyond:,} {panel.split}" for panel in panels if panel.beyond)
    number = f"{', '.join(others)} and {last}" if others else last
    items, have, are = ("item", "has", "is") if len(one.long) == 1 else ("items", "have", "are")
    out = "left out; the histograms show them too" if one.drop else "used all the same"
    return f"{number} {items} {have} {what} and {are} {out}."


def _limits(page: Page, profile: Profile | None) -> list[dict[str, object]]:
    """A row for each arm with a run whose prompts were counted; every seed has the same ones."""
    rows = []
    for arm in page.study.arms:
        counted = [
            one
            for one in page.records
            if one.arm == arm
            and one.predictions is not None
            and "prompt_tokens" in one.predictions
            and len(one.predictions)
        ]
        if counted:
            rows.append(_limit_row(counted[0], page.study.limits.get(arm), profile))
    return rows


def _limit_row(record: RunRecord, limit: int | None, profile: Profile | None) -> dict[str, object]:
    assert record.predictions is not None
    tokens = record.predictions["prompt_tokens"].to_numpy()
    train = {arm: size.items for size in (profile.sizes if profile else ())
             if size.split == "train" for arm in size.arms}.get(record.arm)  # fmt: skip
    return {
        "arm": record.arm,
        "limit": UNKNOWN if limit is None else f"{limit:,}",
        "tokens": [f"{value:,.0f}" for value in np.quantile(tokens, SHOWN)],
        "cut": [
            _share(record.metrics.get(name, math.nan), of)
            for name, of in (
                ("prompts_cut", len(tokens)),
                ("questions_cut", len(tokens)),
                ("train_prompts_cut", train),
                ("targets_cut", train),
            )
        ],
    }


def _share(number: float, of: int | None) -> dict[str, str | None]:
    """A count, and the percentage where it is not zero and the whole is known."""
    if math.isnan(number):
        return {"number": UNKNOWN, "share": None}
    percent = 100 * number / of if of else math.nan
    share = f"{percent:.1f}%" if percent >= 0.05 else "< 0.1%"
    return {"number": f"{number:,.0f}", "share": share if number and of else None}
