"""EM and F1 as SQuAD defines them, for v1.1 (all answerable) and v2.0 (some not).

Only the scores: no answer thresholds, no breakdown by answerability.

References
----------
Rajpurkar et al. 2016, "SQuAD: 100,000+ Questions for Machine Comprehension of Text" (v1.1).
Rajpurkar et al. 2018, "Know What You Don't Know: Unanswerable Questions for SQuAD" (v2.0).
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

import numpy as np

from harness.metrics.batch import Predictions, References, Scores, once_per_batch

__all__ = ["EM_F1_SIGNATURE", "exact_match", "f1", "normalise"]

EM_F1_SIGNATURE = (
    "squad|rule:v1.1, or v2.0 if any item has no reference"
    "|norm:lower,no ASCII punctuation,no a/an/the,single spaces|refs:max"
)

_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")


def normalise(text: str) -> str:
    """Text as SQuAD compares it.

    Lower case; ASCII punctuation deleted (not replaced: ``"twenty-one"`` becomes ``"twentyone"``);
    the words a, an, the dropped; runs of white space made one space.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        May be empty.

    Notes
    -----
    The order matters: ``"the-end"`` is ``"theend"`` since punctuation goes first. Punctuation
    outside ASCII (``"–"``, ``"’"``) stays.
    """
    return " ".join(_ARTICLE.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


def exact_match(predictions: Sequence[str], references: Sequence[References]) -> Scores:
    """Exact match of each item with any of its references, after normalisation.

    Parameters
    ----------
    predictions : sequence of str, length n_items
    references : sequence of sequences of str, length n_items
        Give the whole test set at once: one item without references makes v2.0's rule hold for all.

    Returns
    -------
    ndarray, shape (n_items, 1)
        0 or 100; never NaN.

    Raises
    ------
    TypeError, ValueError
        See `harness.metrics.batch.as_batch`.

    Notes
    -----
    v1.1: the best over the references. v2.0: references that normalise to nothing are dropped
    first; where none is left the one right answer is the empty one.

    References
    ----------
    Rajpurkar et al. 2016, 2018.
    """
    return _em_f1(predictions, references)[:, [0]]


def f1(predictions: Sequence[str], references: Sequence[References]) -> Scores:
    """F1 over the words shared with the best of an item's references, after normalisation.

    Parameters
    ----------
    predictions : sequence of str, length n_items
    references : sequence of sequences of str, length n_items
        Give the whole test set at once: one item without references makes v2.0's rule hold for all.

    Returns
    -------
    ndarray, shape (n_items, 1)
        0-100; never NaN.

    Raises
    ------
    TypeError, ValueError
        See `harness.metrics.batch.as_batch`.

    Notes
    -----
    The versions also differ where the prediction or the reference normalises to nothing: v1.1 gives
    0 even if both do (so EM can be 100 where F1 is 0), v2.0 gives 100 if both do.

    References
    ----------
    Rajpurkar et al. 2016, 2018.
    """
    return _em_f1(predictions, references)[:, [1]]


@once_per_batch
def _em_f1(predictions: Predictions, references: tuple[tuple[str, ...], ...]) -> Scores:
    """EM and F1, shape (n_items, 2)."""
    v2 = any(not golds for golds in references)
    scores = np.empty((len(predictions), 2))
    for i, (prediction, golds) in enumerate(zip(predictions, references, strict=True)):
        # A set: references that differ in case or articles only are one here.
        targets = {normalise(gold) for gold in golds}
        if v2:
            targets = targets - {""} or {""}
        answer = normalise(prediction)
        both_empty = 100.0 if v2 else 0.0
        scores[i, 0] = 100.0 if answer in targets else 0.0
        scores[i, 1] = max(_word_f1(answer, target, both_empty) for target in targets)
    return scores


def _word_f1(answer: str, target: str, both_empty: float) -> float:
    if answer == target:  # spares the counting for every right answer
        return 100.0 if answer else both_empty
    answer_words, target_words = answer.split(), target.split()
    shared = (Counter(answer_words) & Counter(target_words)).total()
    # 2PR/(P+R) with P = shared/len(answer), R = shared/len(target). Never 0/0: they are not equal.
    return 200.0 * shared / (len(answer_words) + len(target_words))
