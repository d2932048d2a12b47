"""Items as text that travels inside the report: as much as fits, and safe inside a page.

Leaves out by a fixed rule and counts what it leaves out; it does not say so, the section does.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from reports.items import Items, outcomes

__all__ = ["BUDGET", "LONGEST_CONTEXT", "LeftOut", "fitted", "packed"]

Ints: TypeAlias = NDArray[np.int64]
Row = TypeVar("Row")

BUDGET = 12_000_000
"""Bytes of the packed items: with the figures the page stays under 15 MB."""

LONGEST_CONTEXT = 2_000
"""Code points up to which a context stays when the budget is exceeded."""

_STEPS = 32
_SURROGATES = re.compile("[\ud800-\udfff]")


class LeftOut(NamedTuple):
    """How much the page does not hold; all 0 if it holds everything.

    `answers` were cut to `LONGEST_ANSWER`; `contexts` were longer than `LONGEST_CONTEXT`; `changed`
    counts those of the left out `items` that some pair of arms differs on.
    """

    answers: int = 0
    contexts: int = 0
    items: int = 0
    changed: int = 0


def fitted(items: Items, budget: int = BUDGET) -> tuple[Items, LeftOut]:
    """As much of the items as fits.

    First the contexts longer than `LONGEST_CONTEXT` go, then items on which no pair of arms
    differs, then others; which of them go first is fixed by a digest of their ids.

    Parameters
    ----------
    items : Items
    budget : int
        Bytes of `packed`, UTF-8.
    """
    if _size(items) <= budget:
        return items, LeftOut(items.n_cut)
    small, n_contexts = _without_long_contexts(items)
    if _size(small) <= budget:
        return small, LeftOut(items.n_cut, n_contexts)
    n_items = len(small.ids)
    changed = _changed(small.em)
    digests = [hashlib.sha256(name.encode("utf-8", "replace")).digest() for name in small.ids]
    ranked = np.array(sorted(range(n_items), key=lambda i: (not changed[i], digests[i])))

    def first(step: int) -> tuple[Items, NDArray[np.bool_]]:
        kept = np.zeros(n_items, dtype=bool)
        kept[ranked[: n_items * step // _STEPS]] = True
        return _chosen(small, kept), kept

    low, high = 0, _STEPS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _size(first(middle)[0]) <= budget else (low, middle)
    part, kept = first(low)
    n_changed = int((changed & ~kept).sum())
    return part, LeftOut(items.n_cut, n_contexts, int((~kept).sum()), n_changed)


def packed(items: Items) -> str:
    r"""The items as JSON that may stand inside a `<script>` element as it is.

    `<`, `>`, `&` and the line separators of old JavaScript are written as `\u003c` and so on. Half
    a surrogate pair, which no encoding can hold, becomes U+FFFD: offsets stay what they are.
    """
    tree = {
        "arms": items.arms,
        "seeds": items.seeds,
        "ids": items.ids,
        "questions": items.questions,
        "contexts": items.contexts,
        "texts": items.texts,
        "contextOf": items.context_of.tolist(),
        "spans": items.spans.tolist(),
        "references": items.references,
        "answers": _per_run(items.answers, lambda row: row.tolist()),
        "em": _per_run(items.em, lambda row: "".join("01-"[value] for value in row.tolist())),
        "f1": _per_run(items.f1, lambda row: row.tolist()),
        "slices": [
            {"name": one.name, "labels": one.labels, "codes": one.codes.tolist()}
            for one in items.slices
        ],
    }
    text = json.dumps(tree, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return _SURROGATES.sub("\ufffd", text)


def _size(items: Items) -> int:
    return len(packed(items).encode())


def _per_run(values: Ints, of: Callable[[Ints], Row]) -> list[list[Row | None]]:
    """By arm and seed; None instead of the values of a run that has none."""
    return [[of(row) if (row >= 0).any() else None for row in arm] for arm in values]


def _changed(em: Ints) -> NDArray[np.bool_]:
    """Items that some pair of arms differs on, shape (n_items,)."""
    differs = np.zeros(em.shape[2], dtype=bool)
    for pair in combinations(range(len(em)), 2):
        differs |= np.isin(outcomes(em, *pair), (0, 1))
    return differs


def _without_long_contexts(items: Items) -> tuple[Items, int]:
    """Also how many contexts went."""
    short = np.array([len(text) <= LONGEST_CONTEXT for text in items.contexts], dtype=bool)
    # One more at the end for index -1, of an item without a context.
    gone = ~np.append(short, True)[items.context_of]
    context_of = np.where(gone, -1, items.context_of)
    spans = np.where(gone[:, None], -1, items.spans)
    contexts, context_of = _renumbered(items.contexts, context_of)
    small = replace(items, contexts=contexts, context_of=context_of, spans=spans)
    return small, int((~short).sum())


def _chosen(items: Items, kept: NDArray[np.bool_]) -> Items:
    """The items of a mask, with the texts that they still need."""
    contexts, context_of = _renumbered(items.contexts, items.context_of[kept])
    mine = [own for own, keep in zip(items.references, kept, strict=True) if keep]
    answers = items.answers[:, :, kept]
    used = np.array([*answers.ravel(), *(text for own in mine for text in own)], dtype=np.int64)
    texts, renumbered = _renumbered(items.texts, used)
    rest = iter(renumbered[answers.size :].tolist())
    return replace(
        items,
        ids=_of(items.ids, kept),
        questions=_of(items.questions, kept),
        contexts=contexts,
        texts=texts,
        context_of=context_of,
        spans=items.spans[kept],
        references=tuple(tuple(next(rest) for _ in own) for own in mine),
        answers=renumbered[: answers.size].reshape(answers.shape),
        em=items.em[:, :, kept],
        f1=items.f1[:, :, kept],
        slices=tuple(one._replace(codes=one.codes[kept]) for one in items.slices),
    )


def _of(texts: tuple[str, ...], kept: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(text for text, keep in zip(texts, kept, strict=True) if keep)


def _renumbered(texts: tuple[str, ...], indices: Ints) -> tuple[tuple[str, ...], Ints]:
    """The texts that are in use, and the indices among these; -1 stays."""
    used = np.unique(indices[indices >= 0])
    return tuple(texts[i] for i in used), np.where(indices < 0, -1, np.searchsorted(used, indices))
