"""Groups of test items that a contrast may be looked at in, by what is known before any answer.

Labels items; compares nothing. To add a slice, write a function of an item and what the audit
found, and give it a row in `SLICES`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from harness.data.items import Dataset, Item
from harness.data.messages import listed, nearest
from harness.errors import DataError
from harness.results import RESERVED_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

    from harness.audit.overlap import Overlap

__all__ = ["LABEL_ORDER", "SLICES", "Label", "slice_labels"]

Label = Callable[[Item, "Overlap | None"], str]
"""What an item is called in a slice; "" where the slice does not apply to it."""

MOST_LABELS = 11
"""Values of a field that keep their name; the others are `REST`."""

REST = "(other values)"

_LONGEST_LABEL = 80
_WHERE = "analysis.slices"

_ANSWER_WORDS = ((1, "1 word"), (3, "2–3 words"), (6, "4–6 words"), (None, "7+ words"))
_CONTEXT_WORDS = (
    (49, "under 50 words"),
    (99, "50–99 words"),
    (149, "100–149 words"),
    (199, "150–199 words"),
    (499, "200–499 words"),
    (None, "500+ words"),
)
_POSITIONS = ("first third", "middle third", "last third")
_QUESTION_WORDS = {
    "how many": "how many",
    "how much": "how much",
    "how": "how",
    "what": "what",
    "when": "when",
    "where": "where",
    "which": "which",
    "who": "who",
    "whom": "who",
    "whose": "who",
    "why": "why",
}
_ASKS = re.compile(r"\b(how (?:many|much)|how|what|when|where|which|who|whom|whose|why)\b")
_YES_NO = re.compile(
    r"(?:is|are|was|were|am|do|does|did|has|have|had|can|could|will|would|shall|should|may|might"
    r"|must)\b"
)

LABEL_ORDER: Mapping[str, tuple[str, ...]] = {
    "answer_length": tuple(name for _, name in _ANSWER_WORDS),
    "context_length": tuple(name for _, name in _CONTEXT_WORDS),
    "answer_position": _POSITIONS,
}
"""Labels of the slices that have an order of their own."""


def slice_labels(
    dataset: Dataset,
    overlap: Overlap | None,
    wanted: Sequence[str] | None,
    where: str = _WHERE,
) -> pd.DataFrame:
    """A label per test item and slice.

    Parameters
    ----------
    dataset : Dataset
    overlap : Overlap or None
        Without it the slices that rest on the audit apply to no item.
    wanted : sequence of str or None
        Names of `SLICES` or of fields of the items; a name of both is the former. None: those of
        `SLICES` that tell test items apart, which one label for all of them does not.
    where : str
        What named them, for messages.

    Returns
    -------
    pandas.DataFrame, shape (n_test, 1 + n_slices)
        `item`, then a column of text per slice in the order wanted; "" = does not apply.

    Raises
    ------
    DataError
        A name is unknown, wanted twice or that of a column of the results, or a field holds
        texts rather than groups of items.
    """
    import pandas as pd

    items = dataset.test
    columns: dict[str, Sequence[str]] = {}
    if wanted is None:
        for name, label in SLICES.items():
            labels = [label(item, overlap) for item in items]
            if len(set(labels) - {""}) > 1:
                columns[name] = labels
    else:
        _check_names(wanted, items, where)
        for name in wanted:
            if name in SLICES:
                columns[name] = [SLICES[name](item, overlap) for item in items]
            else:
                columns[name] = _field_labels(name, items, where)
    return pd.DataFrame({"item": [item.id for item in items], **columns}, dtype="str")


def _check_names(wanted: Sequence[str], items: Sequence[Item], where: str) -> None:
    known = [*SLICES, *sorted({name for item in items for name in item.fields} - SLICES.keys())]
    for name in wanted:
        if name in RESERVED_COLUMNS:
            raise DataError(
                "a slice has the name of a column of the results",
                where=where,
                got=name,
                allowed=f"any name but {listed(sorted(RESERVED_COLUMNS))}",
                fix=f"give the field another name: data.fields: {{my_{name}: {name}}}",
            )
        if name not in known:
            raise DataError(
                f"there is no slice and no field {name!r}",
                where=where,
                got=name,
                allowed=listed(known),
                fix=nearest(name, known),
            )
    if len(set(wanted)) < len(wanted):
        raise DataError("a slice is named twice", where=where, got=listed(wanted))


def _field_labels(name: str, items: Sequence[Item], where: str) -> list[str]:
    """A field's values, the rarer ones as `REST`; of equally frequent ones the first are kept."""
    texts = [" ".join(item.fields.get(name, "").split()) for item in items]
    counts = Counter(text for text in texts if text)
    kept = {text for text, _ in counts.most_common(MOST_LABELS)}
    long = max((len(text) for text in kept), default=0) > _LONGEST_LABEL
    if long or (len(counts) > MOST_LABELS and max(counts.values()) == 1):
        raise DataError(
            f"the field {name!r} holds texts, not groups of items",
            where=where,
            got=f"{name}: {max(kept, key=len)}",
            allowed=f"a field with values that several items share, of up to {_LONGEST_LABEL}"
            " characters",
            fix="name a field such as a subject or a level, or one of " + listed(SLICES),
        )
    return [text if text in kept or not text else REST for text in texts]


def question_word(item: Item, overlap: Overlap | None = None) -> str:
    """The first question word, wherever it stands: `In what year` asks what.

    `yes/no` without one, where the question starts with a verb such as is or did; else `other`.
    """
    text = " ".join(item.fields.get("question", "").lower().split())
    if not text:
        return ""
    found = _ASKS.search(text)
    if found:
        return _QUESTION_WORDS[found.group()]
    return "yes/no" if _YES_NO.match(text) else "other"


def answer_length(item: Item, overlap: Overlap | None = None) -> str:
    """Words of the shortest reference."""
    if not item.answers:
        return ""
    return _binned(min(len(answer.split()) for answer in item.answers), _ANSWER_WORDS)


def context_length(item: Item, overlap: Overlap | None = None) -> str:
    """Words of the context."""
    words = len(item.fields.get("context", "").split())
    return _binned(words, _CONTEXT_WORDS) if words else ""


def answer_position(item: Item, overlap: Overlap | None = None) -> str:
    """In which third of the context's characters the first reference starts."""
    length = len(item.fields.get("context", ""))
    if not item.answer_starts or not 0 <= item.answer_starts[0] < length:
        return ""
    return _POSITIONS[3 * item.answer_starts[0] // length]


def answerable(item: Item, overlap: Overlap | None = None) -> str:
    """Whether there is a reference."""
    return "yes" if item.answers else "no"


def answer_seen(item: Item, overlap: Overlap | None) -> str:
    """Whether a reference is also one of a training item."""
    if overlap is None or not item.answers:
        return ""
    return "yes" if item.id in overlap.answer_seen else "no"


def overlaps(item: Item, overlap: Overlap | None) -> str:
    """Whether training may have given the item away."""
    if overlap is None:
        return ""
    return "yes" if item.id in overlap.overlapping else "no"


def _binned(number: int, bins: Sequence[tuple[int | None, str]]) -> str:
    return next(name for most, name in bins if most is None or number <= most)


SLICES: dict[str, Label] = {
    "question_word": question_word,
    "answer_length": answer_length,
    "context_length": context_length,
    "answer_position": answer_position,
    "answerable": answerable,
    "answer_seen": answer_seen,
    "overlap": overlaps,
}
"""Slices by name."""
