"""What every metric family is given: a checked batch, scored once.

Knows nothing of any metric. The families (`squad`, `bleu`, `rouge`) build on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, wraps
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Predictions", "References", "Scores", "as_batch", "once_per_batch"]

References: TypeAlias = Sequence[str]
"""Gold answers of one item; empty means unanswerable (SQuAD v2.0)."""

Predictions: TypeAlias = tuple[str, ...]
Scores: TypeAlias = NDArray[np.float64]

_Batch: TypeAlias = tuple[Predictions, tuple[tuple[str, ...], ...]]


def as_batch(predictions: Sequence[str], references: Sequence[References]) -> _Batch:
    """Check a batch and make it hashable.

    Parameters
    ----------
    predictions : sequence of str, length n_items
        Generated text, one per item; ``""`` is a valid prediction.
    references : sequence of sequences of str, length n_items
        Gold answers of each item, any number of them.

    Returns
    -------
    predictions : tuple of str, length n_items
    references : tuple of tuples of str, length n_items
        Each item's distinct references in their first order.

    Raises
    ------
    TypeError
        A prediction is not a string, or an item's references are not a sequence of strings.
    ValueError
        The two lengths differ.
    """
    if isinstance(predictions, str):
        raise TypeError(
            f"predictions: got one string {predictions!r:.60}, need one per item; fix: [prediction]"
        )
    if len(predictions) != len(references):
        raise ValueError(
            f"got {len(predictions)} predictions and {len(references)} lists of references; "
            "need one list of references per prediction, [] for an unanswerable item"
        )
    for i, prediction in enumerate(predictions):
        if not isinstance(prediction, str):
            raise TypeError(
                f"predictions[{i}]: got {prediction!r:.60}, need a string; "
                'fix: "" where the model generated nothing'
            )
    return tuple(predictions), tuple(_distinct(i, given) for i, given in enumerate(references))


def once_per_batch(
    compute: Callable[[Predictions, tuple[tuple[str, ...], ...]], Scores],
) -> Callable[[Sequence[str], Sequence[References]], Scores]:
    """Check the batch, then compute its scores unless it is the batch scored last.

    The metrics of one family share nearly all their work (ROUGE-1, -2 and -L the tokens, EM and
    F1 the normalisation) but are asked for one by one. Remembering one batch spares the repeats
    at any batch size, and holds no more than that batch.

    Parameters
    ----------
    compute : callable
        A pure function from a checked batch to scores ``(n_items, n_scores)``.

    Returns
    -------
    callable
        The same for any sequences. Its arrays are shared between calls, hence read-only.
    """

    @lru_cache(maxsize=1)
    def remembered(predictions: Predictions, references: tuple[tuple[str, ...], ...]) -> Scores:
        scores = compute(predictions, references)
        scores.flags.writeable = False
        return scores

    @wraps(compute)
    def score(predictions: Sequence[str], references: Sequence[References]) -> Scores:
        return remembered(*as_batch(predictions, references))

    return score


def _distinct(i: int, given: References) -> tuple[str, ...]:
    """References of item i without repeats: people often agree, and no metric counts votes."""
    if isinstance(given, str):
        raise TypeError(
            f"references[{i}]: got one string {given!r:.60}, need a list of strings; "
            "fix: [[answer, ...], ...]"
        )
    try:
        distinct = tuple(dict.fromkeys(given))
    except TypeError:
        raise TypeError(
            f"references[{i}]: got {given!r:.60}, need a list of strings; "
            "fix: [] for an unanswerable item"
        ) from None
    for reference in distinct:
        if not isinstance(reference, str):
            raise TypeError(f"references[{i}]: got {reference!r:.60} among them, need strings only")
    return distinct
