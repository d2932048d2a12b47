"""Corpus BLEU by sacrebleu, kept as per-item counts so that any subset can be scored later.

No sentence BLEU: the mean of sentence scores is not BLEU. The counts of an item are its sufficient
statistics; `bleu_contributions` says what the item does to the corpus score.

References
----------
Papineni et al. 2002, "BLEU: a Method for Automatic Evaluation of Machine Translation".
Post 2018, "A Call for Clarity in Reporting BLEU Scores" (sacrebleu).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sacrebleu.metrics.bleu import BLEU, MAX_NGRAM_ORDER

from harness.metrics.batch import Predictions, References, Scores, once_per_batch

__all__ = [
    "BLEU_COLUMNS",
    "BLEU_SIGNATURE",
    "bleu_contributions",
    "bleu_counts",
    "bleu_of_sums",
    "bleu_score",
]

_ORDERS = range(1, MAX_NGRAM_ORDER + 1)
BLEU_COLUMNS = (
    *(f"bleu_correct_{n}" for n in _ORDERS),
    *(f"bleu_total_{n}" for n in _ORDERS),
    "bleu_sys_len",
    "bleu_ref_len",
)
_CORRECT = slice(0, MAX_NGRAM_ORDER)
_TOTAL = slice(MAX_NGRAM_ORDER, 2 * MAX_NGRAM_ORDER)
_SYS_LEN, _REF_LEN = 2 * MAX_NGRAM_ORDER, 2 * MAX_NGRAM_ORDER + 1


def _signature() -> str:
    bleu = BLEU()
    # sacrebleu has no signature before it has seen data: two items with one and two references.
    bleu.corpus_score(["a", "a"], [["a", "a"], [None, "a"]])  # type: ignore[list-item]
    return str(bleu.get_signature())


BLEU_SIGNATURE = _signature()


def bleu_counts(predictions: Sequence[str], references: Sequence[References]) -> Scores:
    """n-gram matches and lengths of each item, from which corpus BLEU is computed.

    Parameters
    ----------
    predictions : sequence of str, length n_items
    references : sequence of sequences of str, length n_items
        Items may have different numbers of references.

    Returns
    -------
    ndarray, shape (n_items, 10)
        Counts in the order of `BLEU_COLUMNS`: matched n-grams for n = 1..4, n-grams for n = 1..4,
        tokens of the prediction, tokens of the reference closest in length. NaN rows where an item
        has no reference, since there is no text to compare with.

    Raises
    ------
    TypeError, ValueError
        See `harness.metrics.batch.as_batch`.

    References
    ----------
    Papineni et al. 2002; Post 2018.
    """
    return _counts(predictions, references).copy()


def bleu_score(columns: Scores) -> float:
    """Corpus BLEU with sacrebleu's defaults (13a tokens, exponential smoothing).

    Parameters
    ----------
    columns : ndarray, shape (n_items, 10)
        From `bleu_counts`; NaN rows are left out. Rows may be repeated or weighted.

    Returns
    -------
    float
        0-100, equal to ``sacrebleu.corpus_bleu`` on the same items; NaN when no item is scored.

    Raises
    ------
    ValueError
        The array is not ``(n_items, 10)``.

    References
    ----------
    Papineni et al. 2002; Post 2018.
    """
    scored = columns[_scored(columns)]
    return bleu_of_sums(scored.sum(axis=0)) if len(scored) else float("nan")


def bleu_of_sums(sums: Scores) -> float:
    """Corpus BLEU from the ten summed counts, for scoring many resamples of the same items.

    Parameters
    ----------
    sums : ndarray, shape (10,)
        In the order of `BLEU_COLUMNS`.

    Returns
    -------
    float
        0-100; 0 where no n-gram matches or no prediction has four tokens.

    References
    ----------
    Papineni et al. 2002; Post 2018.
    """
    result = BLEU.compute_bleu(
        correct=sums[_CORRECT].tolist(),
        total=sums[_TOTAL].tolist(),
        # sacrebleu insists on integers here: exact unless rows are weighted, then to half a token.
        sys_len=round(sums[_SYS_LEN]),
        ref_len=round(sums[_REF_LEN]),
        smooth_method="exp",
    )
    return float(result.score)


def bleu_contributions(columns: Scores) -> Scores:
    """Linearisation of corpus BLEU in the items (its influence values, centred on the score).

    Item i gets ``BLEU + n * gradient . (x_i - mean(x))``, with x_i the item's counts and the
    gradient of BLEU taken at the observed sums. The mean is corpus BLEU; the variance of the mean
    is BLEU's delta-method variance. So BLEU can be analysed like a metric that is a mean.

    Parameters
    ----------
    columns : ndarray, shape (n_items, 10)
        From `bleu_counts`; NaN rows are left out.

    Returns
    -------
    ndarray, shape (n_items,)
        BLEU points on the 0-100 scale, but single values may lie outside it; NaN where the item
        is unscored.

    Raises
    ------
    ValueError
        The array is not ``(n_items, 10)``.

    Notes
    -----
    With c and r the summed lengths, ``log BLEU = min(0, 1 - r/c) + mean_n log(correct_n/total_n)``.
    At the kink c = r the side without brevity penalty is taken. Smoothing stands in for an order
    without a match by a constant over its total, so only the total has a slope there.
    Where BLEU is 0 (no match at all, or no prediction of four tokens) it is 0 for every resample of
    the items too: all values are 0, and their spread says nothing about precision.

    References
    ----------
    Papineni et al. 2002; for the delta method, Efron & Tibshirani 1993, chapter 21.
    """
    scored = _scored(columns)
    values = np.full(len(columns), np.nan)
    rows = columns[scored]
    if len(rows):
        score = bleu_score(rows)
        slopes = score * _log_gradient(rows.sum(axis=0)) if score > 0 else np.zeros(rows.shape[1])
        values[scored] = score + len(rows) * ((rows - rows.mean(axis=0)) @ slopes)
    return values


@once_per_batch
def _counts(predictions: Predictions, references: tuple[tuple[str, ...], ...]) -> Scores:
    # effective_order changes only the sentence score, which is not used, never the counts; without
    # it sacrebleu warns on every item.
    bleu = BLEU(effective_order=True)
    counts = np.full((len(predictions), len(BLEU_COLUMNS)), np.nan)
    for i, (prediction, golds) in enumerate(zip(predictions, references, strict=True)):
        if golds:
            item = bleu.sentence_score(prediction, golds)
            counts[i] = [*item.counts, *item.totals, item.sys_len, item.ref_len]
    return counts


def _log_gradient(sums: Scores) -> Scores:
    """Gradient of log BLEU in the ten sums; every total and the system length must be positive."""
    gradient = np.zeros_like(sums)
    correct = sums[_CORRECT]
    matched = correct > 0
    gradient[_CORRECT][matched] = 1 / (MAX_NGRAM_ORDER * correct[matched])
    gradient[_TOTAL] = -1 / (MAX_NGRAM_ORDER * sums[_TOTAL])
    sys_len, ref_len = sums[_SYS_LEN], sums[_REF_LEN]
    if sys_len < ref_len:
        gradient[_SYS_LEN] = ref_len / sys_len**2
        gradient[_REF_LEN] = -1 / sys_len
    return gradient


def _scored(columns: Scores) -> NDArray[np.bool_]:
    """Mask of the items that have counts, shape (n_items,)."""
    if columns.ndim != 2 or columns.shape[1] != len(BLEU_COLUMNS):
        raise ValueError(
            f"BLEU counts: got shape {columns.shape}, need (n_items, {len(BLEU_COLUMNS)})"
        )
    return ~np.isnan(columns[:, _SYS_LEN])
