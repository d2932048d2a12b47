"""The corpus score of a metric that is a mean over items (EM, F1, ROUGE; not BLEU)."""

from __future__ import annotations

import numpy as np

from harness.metrics.batch import Scores

__all__ = ["mean_contributions", "mean_score"]


def mean_score(columns: Scores) -> float:
    """Mean over the scored items.

    Parameters
    ----------
    columns : ndarray, shape (n_items, 1)
        Item scores, 0-100; NaN is unscored.

    Returns
    -------
    float
        0-100; NaN when no item is scored.
    """
    values = mean_contributions(columns)
    scored = values[~np.isnan(values)]
    return float(scored.mean()) if scored.size else float("nan")


def mean_contributions(columns: Scores) -> Scores:
    """What each item adds to the mean: its own score.

    Parameters
    ----------
    columns : ndarray, shape (n_items, 1)
        Item scores, 0-100; NaN is unscored.

    Returns
    -------
    ndarray, shape (n_items,)
        0-100; NaN where the item is unscored.

    Raises
    ------
    ValueError
        The array is not ``(n_items, 1)``.
    """
    if columns.ndim != 2 or columns.shape[1] != 1:
        raise ValueError(f"item scores: got shape {columns.shape}, need (n_items, 1)")
    return columns[:, 0]
