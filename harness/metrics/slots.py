"""Slot error rate of generated meaning representations, such as `inform(name[Tetris])`.

For text -> meaning representation. Slots only: the dialogue act is no slot in the literature, and a
wrong one shows in EM, which asks for all of it. Lower is better, and more invented slots than there
are true ones make it larger than 100.

References
----------
Makhoul et al. 1999, "Performance measures for information extraction" (substitutions, deletions and
insertions over the slots of the reference).
Wen et al. 2015, "Semantically Conditioned LSTM-based Natural Language Generation for Spoken
Dialogue Systems"; Juraska et al. 2018, "A Deep Ensemble Model with Slot Alignment for
Sequence-to-Sequence Natural Language Generation"; Juraska et al. 2019, "ViGGO: A Video Game Corpus
for Data-To-Text Generation in Open-Domain Conversation" (the rate over a whole test set, acts left
out).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.metrics.batch import Predictions, References, Scores, once_per_batch

__all__ = [
    "SER_COLUMNS",
    "SER_SIGNATURE",
    "ser_contributions",
    "ser_counts",
    "ser_score",
    "slots_of",
]

SER_COLUMNS = ("ser_errors", "ser_slots")
SER_SIGNATURE = (
    "slot error rate|errors:substitutions+deletions+insertions|over:reference slots"
    "|act:left out|lists:any order|norm:lower,single spaces|refs:min"
)

_SLOT = re.compile(r"(\w+)\s*\[([^\[\]]*)\]")
_WHOLE = re.compile(rf"\s*\w+\s*\(\s*{_SLOT.pattern}(?:\s*,\s*{_SLOT.pattern})*\s*\)\s*")

Slots = Counter[tuple[str, str]]


def slots_of(text: str) -> Slots:
    """The slot-value pairs of a text, wherever in it they stand, with how often each occurs.

    Parameters
    ----------
    text : str
        Values may hold anything but square brackets.

    Returns
    -------
    Counter of (str, str)
        Slot and value in lower case with single spaces; the parts of a value that commas separate
        are sorted, so that the order of a list does not count.
    """
    return Counter((name.lower(), _value(raw)) for name, raw in _SLOT.findall(text))


def ser_counts(predictions: Sequence[str], references: Sequence[References]) -> Scores:
    """Slot errors and reference slots of each item, from which the rate is computed.

    Parameters
    ----------
    predictions : sequence of str, length n_items
        All slots in a prediction count, also those in a text that is otherwise malformed.
    references : sequence of sequences of str, length n_items
        Those that are no meaning representation with at least one slot are left out.

    Returns
    -------
    ndarray, shape (n_items, 2)
        In the order of `SER_COLUMNS`, against the reference with the lowest rate. NaN rows where
        no reference is a meaning representation.

    Raises
    ------
    TypeError, ValueError
        See `harness.metrics.batch.as_batch`.

    Notes
    -----
    A slot is one pair, whatever its value: a list that lacks a part is one wrong value. Of a slot
    name that occurs r times in the reference and p times in the prediction, with c equal values,
    ``min(r, p) - c`` are substitutions, the others deletions or insertions, ``max(r, p) - c``
    errors in all. A value under another name is a deletion and an insertion.

    References
    ----------
    Makhoul et al. 1999.
    """
    return _counts(predictions, references).copy()


def ser_score(columns: Scores) -> float:
    """Slot error rate: all errors over all reference slots.

    Parameters
    ----------
    columns : ndarray, shape (n_items, 2)
        From `ser_counts`; NaN rows are left out. Rows may be repeated or weighted.

    Returns
    -------
    float
        In percent, 0 or more, lower is better; NaN when there is no reference slot.

    Raises
    ------
    ValueError
        The array is not ``(n_items, 2)``.
    """
    errors, slots = columns[_scored(columns)].sum(axis=0)
    return float(100 * errors / slots) if slots else float("nan")


def ser_contributions(columns: Scores) -> Scores:
    """Linearisation of the rate in the items, as `harness.metrics.bleu.bleu_contributions`.

    Item i gets ``R + (n / sum of slots) * (errors_i - R * slots_i)``: the mean is the rate R, and
    the variance of the mean is the delta-method variance of a ratio.

    Parameters
    ----------
    columns : ndarray, shape (n_items, 2)
        From `ser_counts`; NaN rows are left out.

    Returns
    -------
    ndarray, shape (n_items,)
        Percentage points, single values may be below 0; NaN where the item is unscored.

    Raises
    ------
    ValueError
        The array is not ``(n_items, 2)``.

    References
    ----------
    Cochran 1977, "Sampling Techniques", section 2.11.
    """
    scored = _scored(columns)
    values = np.full(len(columns), np.nan)
    errors, slots = columns[scored].T
    if slots.sum():
        rate = errors.sum() / slots.sum()
        values[scored] = 100 * (rate + (errors - rate * slots) / slots.mean())
    return values


@once_per_batch
def _counts(predictions: Predictions, references: tuple[tuple[str, ...], ...]) -> Scores:
    counts = np.full((len(predictions), len(SER_COLUMNS)), np.nan)
    for i, (prediction, golds) in enumerate(zip(predictions, references, strict=True)):
        targets = [slots_of(gold) for gold in golds if _WHOLE.fullmatch(gold)]
        if targets:
            found = slots_of(prediction)
            pairs = [(_errors(found, target), target.total()) for target in targets]
            counts[i] = min(pairs, key=lambda pair: (pair[0] / pair[1], pair[1]))
    return counts


def _errors(found: Slots, target: Slots) -> int:
    equal = _names(found & target)
    ours, theirs = _names(found), _names(target)
    return sum(max(ours[name], theirs[name]) - equal[name] for name in ours | theirs)


def _names(slots: Slots) -> Counter[str]:
    """How often each slot occurs, whatever its value."""
    names = Counter[str]()
    for (name, _), number in slots.items():
        names[name] += number
    return names


def _value(raw: str) -> str:
    return ", ".join(sorted(" ".join(part.split()) for part in raw.lower().split(",")))


def _scored(columns: Scores) -> NDArray[np.bool_]:
    """Mask of the items that have counts, shape (n_items,)."""
    if columns.ndim != 2 or columns.shape[1] != len(SER_COLUMNS):
        raise ValueError(
            f"slot counts: got shape {columns.shape}, need (n_items, {len(SER_COLUMNS)})"
        )
    return ~np.isnan(columns[:, 0])
