"""ROUGE-1, ROUGE-2 and ROUGE-L by Google's ``rouge_score`` package, without stemming.

No ROUGE-Lsum: answers are not summaries of several sentences.

References
----------
Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries".
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import numpy as np

from harness.metrics.batch import Predictions, References, Scores, once_per_batch

__all__ = ["ROUGE_SIGNATURE", "rouge1", "rouge2", "rouge_l"]

_VARIANTS = ("rouge1", "rouge2", "rougeL")

ROUGE_SIGNATURE = (
    f"rouge_score|score:fmeasure|refs:max|stemmer:no|tok:default|version:{version('rouge_score')}"
)


def rouge1(predictions: Sequence[str], references: Sequence[References]) -> Scores:
    """F-measure over shared words, with the best of an item's references.

    Parameters
    ----------
    predictions : sequence of str, length n_items
    references : sequence of sequences of str, length n_items

    Returns
    -------
    ndarray, shape (n_items, 1)
        0-100; NaN where the item has no reference, since there is no text to compare with.

    Raises
    ------
    TypeError, ValueError
        See `harness.metrics.batch.as_batch`.

    Notes
    -----
    The tokeniser keeps ASCII letters and digits only: text in other scripts scores 0.

    References
    ----------
    Lin 2004.
    """
    return _rouge(predictions, references)[:, [0]]


def rouge2(predictions: Sequence[str], references: Sequence[References]) -> Scores:
    """F-measure over shared pairs of words; otherwise as `rouge1`.

    Parameters
    ----------
    predictions : sequence of str, length n_items
    references : sequence of sequences of str, length n_items

    Returns
    -------
    ndarray, shape (n_items, 1)
        0-100; NaN where the item has no reference. Answers of one word score 0.

    References
    ----------
    Lin 2004.
    """
    return _rouge(predictions, references)[:, [1]]


def rouge_l(predictions: Sequence[str], references: Sequence[References]) -> Scores:
    """F-measure over the longest common subsequence of words; otherwise as `rouge1`.

    Parameters
    ----------
    predictions : sequence of str, length n_items
    references : sequence of sequences of str, length n_items

    Returns
    -------
    ndarray, shape (n_items, 1)
        0-100; NaN where the item has no reference.

    References
    ----------
    Lin 2004.
    """
    return _rouge(predictions, references)[:, [2]]


@once_per_batch
def _rouge(predictions: Predictions, references: tuple[tuple[str, ...], ...]) -> Scores:
    """The three variants, shape (n_items, 3)."""
    scorer = _scorer()
    scores = np.full((len(predictions), len(_VARIANTS)), np.nan)
    for i, (prediction, golds) in enumerate(zip(predictions, references, strict=True)):
        if golds:
            best = scorer.score_multi(golds, prediction)
            scores[i] = [100.0 * best[variant].fmeasure for variant in _VARIANTS]
    return scores


@lru_cache(maxsize=1)
def _scorer() -> Any:
    # Imported late: rouge_score brings nltk, two seconds that `harness --help` must not pay.
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(_VARIANTS, tokenizer=_RememberingTokenizer())


class _RememberingTokenizer:
    """rouge_score's default tokeniser, which would else split a prediction once per reference."""

    def __init__(self) -> None:
        from rouge_score.tokenizers import DefaultTokenizer

        self.tokenize = lru_cache(maxsize=1024)(DefaultTokenizer(use_stemmer=False).tokenize)
