"""EM, F1, BLEU, ROUGE, SER: pure functions per item, with what their corpus scores need.

All scores are on the 0-100 scale, higher is better unless a metric's row says otherwise. NaN always
means unscored. No statistics here: `contributions`
are what an analysis works with. The same metrics as ``evaluate.Metric`` objects are in
`harness.metrics.evaluate_metrics`, apart because importing ``evaluate`` takes many seconds.

To add a metric: one pure function, and one row in `METRICS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from harness.metrics.batch import References, Scores
from harness.metrics.bleu import (
    BLEU_COLUMNS,
    BLEU_SIGNATURE,
    bleu_contributions,
    bleu_counts,
    bleu_score,
)
from harness.metrics.mean import mean_contributions, mean_score
from harness.metrics.rouge import ROUGE_SIGNATURE, rouge1, rouge2, rouge_l
from harness.metrics.slots import (
    SER_COLUMNS,
    SER_SIGNATURE,
    ser_contributions,
    ser_counts,
    ser_score,
)
from harness.metrics.squad import EM_F1_SIGNATURE, exact_match, f1

__all__ = ["METRICS", "Metric", "References", "corpus_scores", "score_items", "sign_of"]


@dataclass(frozen=True)
class Metric:
    """How one metric scores items and sums them up."""

    name: str
    """Key in `METRICS`, and the name in files and columns."""

    label: str
    """Name for people."""

    columns: tuple[str, ...]
    """Names of the per-item numbers: the sufficient statistics of the corpus score."""

    score: Callable[[Sequence[str], Sequence[References]], Scores]
    """(predictions, references) -> (n_items, n_columns); a NaN row is an unscored item."""

    corpus: Callable[[Scores], float]
    """(n_items, n_columns) -> 0..100; NaN rows are left out, NaN when nothing is scored."""

    contributions: Callable[[Scores], Scores]
    """(n_items, n_columns) -> (n_items,) whose nanmean is the corpus score and whose spread gives
    the delta-method variance of it."""

    signature: str
    """Which implementation and settings, for the record."""

    lower_is_better: bool = False
    """Whether it counts errors. Its numbers stay as they are; what is better is turned round."""

    highest: float = 100.0
    """Largest value that the corpus score can have."""

    needs: str = ""
    """What a reference has to be for an item to be scored, where most data have no such
    references; the metric is then left out of what is shown."""

    @property
    def sign(self) -> float:
        """What a difference is multiplied by so that positive is better: 1 or -1."""
        return -1.0 if self.lower_is_better else 1.0


def _mean_metric(
    name: str,
    label: str,
    score: Callable[[Sequence[str], Sequence[References]], Scores],
    signature: str,
) -> Metric:
    return Metric(name, label, (name,), score, mean_score, mean_contributions, signature)


METRICS: Mapping[str, Metric] = {
    "em": _mean_metric("em", "EM", exact_match, EM_F1_SIGNATURE),
    "f1": _mean_metric("f1", "F1", f1, EM_F1_SIGNATURE),
    "bleu": Metric(
        "bleu", "BLEU", BLEU_COLUMNS, bleu_counts, bleu_score, bleu_contributions, BLEU_SIGNATURE
    ),
    "rouge1": _mean_metric("rouge1", "ROUGE-1", rouge1, ROUGE_SIGNATURE),
    "rouge2": _mean_metric("rouge2", "ROUGE-2", rouge2, ROUGE_SIGNATURE),
    "rougeL": _mean_metric("rougeL", "ROUGE-L", rouge_l, ROUGE_SIGNATURE),
    "ser": Metric(
        "ser",
        "SER",
        SER_COLUMNS,
        ser_counts,
        ser_score,
        ser_contributions,
        SER_SIGNATURE,
        lower_is_better=True,
        highest=float("inf"),
        needs="a meaning representation such as inform(name[Tetris])",
    ),
}
"""Every metric by name, in display order."""


def score_items(
    predictions: Sequence[str],
    references: Sequence[References],
    metrics: Sequence[str] = tuple(METRICS),
) -> dict[str, Scores]:
    """Score every item by every metric.

    Parameters
    ----------
    predictions : sequence of str, length n_items
    references : sequence of sequences of str, length n_items
        Gold answers of each item; empty for an unanswerable one. Give the whole test set at once,
        since one unanswerable item makes SQuAD v2.0's rule for EM and F1 hold for all.
    metrics : sequence of str
        Names in `METRICS`.

    Returns
    -------
    dict of str to ndarray, shape (n_items,)
        By column name, the columns of each metric in turn. Scores are 0-100, the columns of BLEU
        and of the slot error rate counts; NaN is unscored.

    Raises
    ------
    TypeError
        A prediction is not a string, or an item's references are not a sequence of strings.
    ValueError
        The lengths differ, or a metric is unknown.
    """
    columns: dict[str, Scores] = {}
    for metric in map(_metric, metrics):
        scores = metric.score(predictions, references)
        columns.update(zip(metric.columns, np.ascontiguousarray(scores.T), strict=True))
    return columns


def corpus_scores(
    columns: Mapping[str, Scores], metrics: Sequence[str] | None = None
) -> dict[str, float]:
    """Corpus score of each metric from per-item columns.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n_items,)
        As `score_items` returns them; other columns are left alone.
    metrics : sequence of str, optional
        Names in `METRICS`; by default every metric that has columns here, without those that need
        a kind of reference that no item has.

    Returns
    -------
    dict of str to float
        0-100 by metric name; NaN when no item is scored.

    Raises
    ------
    ValueError
        A metric is unknown, or columns of it are missing.
    """
    if metrics is None:
        metrics = [name for name in METRICS if _applies(name, columns)]
    scores = {}
    for metric in map(_metric, metrics):
        missing = [column for column in metric.columns if column not in columns]
        if missing:
            raise ValueError(
                f"metric {metric.name!r}: columns {missing} are missing; "
                f"got {sorted(columns)}; fix: score_items(..., metrics=[{metric.name!r}])"
            )
        scores[metric.name] = metric.corpus(
            np.column_stack([columns[column] for column in metric.columns])
        )
    return scores


def sign_of(metric: str) -> float:
    """What a difference in a metric is multiplied by so that positive is better: 1 or -1."""
    return _metric(metric).sign


def _applies(name: str, columns: Mapping[str, Scores]) -> bool:
    there = [columns[column] for column in METRICS[name].columns if column in columns]
    known = not METRICS[name].needs or any(not np.isnan(values).all() for values in there)
    return bool(there) and known


def _metric(name: str) -> Metric:
    try:
        return METRICS[name]
    except KeyError:
        near = get_close_matches(name.lower(), METRICS, n=1)
        hint = f"; nearest: {near[0]!r}" if near else ""
        raise ValueError(f"metric {name!r} is unknown; allowed: {list(METRICS)}{hint}") from None
