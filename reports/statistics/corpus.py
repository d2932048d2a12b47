"""Resampling tests for corpus scores that are no mean over items, such as BLEU.

They work on sums of per-item counts. Both speak about the trained checkpoints: the luck of the
training seeds is not part of it. How a corpus score comes from sums is the caller's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from reports.statistics.sign_flip import MOST_EXACT
from reports.statistics.variance import Floats

__all__ = [
    "ApproximateRandomization",
    "Corpus",
    "CorpusBootstrap",
    "approximate_randomization",
    "paired_bootstrap",
]

Corpus: TypeAlias = Callable[[Floats], float]
"""Sums of the columns, shape (n_columns,) -> the corpus score in points; see paired_bootstrap."""

NAN = float("nan")

_BLOCK = 500  # resamples at a time: bounds the memory that many clusters take
_SAME = 1e-9  # of a point: scores nearer than this differ by rounding


@dataclass(frozen=True)
class CorpusBootstrap:
    """A contrast of corpus scores; unknown numbers are NaN and have a `reason`.

    Attributes
    ----------
    estimate, ci_low, ci_high : float
        In points.
    p_value : float
        Two-sided, against a contrast of zero.
    n_resamples : int
        How many were drawn.
    reason : str or None
        Why something is unknown.
    """

    estimate: float
    ci_low: float
    ci_high: float
    p_value: float
    n_resamples: int
    reason: str | None


@dataclass(frozen=True)
class ApproximateRandomization:
    """What swapping the outputs of two arms found; unknown numbers are NaN and have a `reason`.

    Attributes
    ----------
    estimate : float
        The first arm's corpus score minus the second's, in points.
    p_value : float
        Two-sided.
    exact : bool
        All ways to swap were tried, rather than a random sample of them.
    n_resamples : int
        How many were tried.
    reason : str or None
        Why something is unknown.
    """

    estimate: float
    p_value: float
    exact: bool
    n_resamples: int
    reason: str | None


def paired_bootstrap(
    columns: ArrayLike,
    weights: ArrayLike,
    clusters: ArrayLike,
    corpus: Corpus,
    *,
    rng: np.random.Generator,
    n_resamples: int = 10_000,
    level: float = 0.95,
) -> CorpusBootstrap:
    """Interval and p-value of a contrast of corpus scores, by drawing clusters with replacement.

    Parameters
    ----------
    columns : array_like, shape (n_arms, n_seeds, n_items, n_columns)
        Counts of each item, whose sums give the corpus score. A row with NaN is unscored: such an
        item is left out in all arms and seeds.
    weights : array_like, shape (n_arms,)
        Of the arms in the contrast; they add up to 0, such as 1 and -1.
    clusters : array_like, shape (n_items,)
        What each item is nested in; without nesting a label of its own for each item.
    corpus : callable
        Sums of the columns, shape (n_columns,), to the corpus score in points. It gets sums that
        may all be 0.
    rng : numpy.random.Generator
        Draws the clusters.
    n_resamples : int
    level : float
        Confidence level of the interval.

    Returns
    -------
    CorpusBootstrap

    Raises
    ------
    ValueError
        The shapes do not fit together, the weights do not add up to 0, `n_resamples` is not
        positive or `level` not in (0, 1).

    Notes
    -----
    The statistic is the mean over seeds of the weighted corpus scores. Every resample draws as
    many clusters as there are, the same ones for all arms and seeds, so what makes a cluster hard
    for all arms cancels. The interval is between percentiles of the resampled statistic.

    The p-value is the share of resamples that are at least as far from the mean of the resamples
    as the estimate is from zero, on either side, the estimate itself being counted (the shift
    method of Noreen 1989). sacrebleu's paired test takes absolute values before it centres them.
    Of a clear difference that leaves one tail only, and so about half of this p-value: where
    nothing differs, more than a tenth of its tests find p <= 0.05.

    With few clusters the percentiles lie too close together, by about the factor
    sqrt((G - 1) / G) z / t for G clusters, and more if these are unequal.

    References
    ----------
    Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation" (of items).
    Field & Welsh 2007, "Bootstrapping Clustered Data". Noreen 1989, "Computer-Intensive Methods
    for Testing Hypotheses". Riezler & Maxwell 2005, "On Some Pitfalls in Automatic Evaluation and
    Significance Testing for MT". Owen 2007, "The Pigeonhole Bootstrap" (seeds as well).
    """
    contrast = np.asarray(weights, dtype=float)
    sums = _cluster_sums(columns, clusters)
    if contrast.shape != sums.shape[1:2] or not abs(contrast.sum()) < _SAME:
        raise ValueError(f"weights: got {contrast.tolist()}, need {sums.shape[1]} that add up to 0")
    if n_resamples < 1 or not 0 < level < 1:
        raise ValueError(
            f"got n_resamples {n_resamples} and level {level}; need at least 1, and a number"
            " between 0 and 1, such as 0.95"
        )
    n_clusters = len(sums)
    if not n_clusters:
        return CorpusBootstrap(NAN, NAN, NAN, NAN, 0, "no item is scored in all arms and seeds")
    estimate = float(_contrasts(sums.sum(axis=0)[None], contrast, corpus)[0])
    if n_clusters == 1:
        return CorpusBootstrap(estimate, NAN, NAN, NAN, 0, "one cluster cannot be resampled")
    resampled = [
        _contrasts(np.tensordot(draws, sums, 1), contrast, corpus)
        for draws in _draws(n_clusters, n_resamples, rng)
    ]
    return _summary(estimate, np.concatenate(resampled), level)


def approximate_randomization(
    columns: ArrayLike,
    clusters: ArrayLike,
    corpus: Corpus,
    *,
    rng: np.random.Generator,
    n_resamples: int = 9_999,
) -> ApproximateRandomization:
    """Test of two arms' corpus scores by swapping their outputs in whole clusters.

    Parameters
    ----------
    columns : array_like, shape (2, n_seeds, n_items, n_columns)
        As for `paired_bootstrap`: of the treatment and of the control.
    clusters : array_like, shape (n_items,)
        What each item is nested in; without nesting a label of its own for each item.
    corpus : callable
        As for `paired_bootstrap`.
    rng : numpy.random.Generator
        Draws the swaps when there are more than `MOST_EXACT` clusters.
    n_resamples : int
        Random swaps; the observed scores are counted besides (Phipson & Smyth 2010).

    Returns
    -------
    ApproximateRandomization

    Raises
    ------
    ValueError
        The shapes do not fit together, there are not two arms, or `n_resamples` is not positive.

    Notes
    -----
    Under the null hypothesis that the arms' outputs are exchangeable in each cluster, all ways to
    swap are equally likely. A cluster is swapped in all seeds at once. The p-value is the share
    of ways whose difference, averaged over seeds, is at least as far from zero as the observed
    one. Exchangeable outputs are more than equal scores: arms that write answers of different
    lengths are not exchangeable even if their scores are equal.

    References
    ----------
    Noreen 1989, "Computer-Intensive Methods for Testing Hypotheses". Riezler & Maxwell 2005, "On
    Some Pitfalls in Automatic Evaluation and Significance Testing for MT". Phipson & Smyth 2010,
    "Permutation P-values Should Never Be Zero".
    """
    sums = _cluster_sums(columns, clusters)
    if sums.shape[1] != 2:
        raise ValueError(f"columns: got {sums.shape[1]} arms, need two")
    if n_resamples < 1:
        raise ValueError(f"n_resamples: got {n_resamples}, need at least 1")
    if not len(sums):
        reason = "no item is scored in both arms and all seeds"
        return ApproximateRandomization(NAN, NAN, True, 0, reason)
    sign = np.array([1.0, -1.0])
    estimate = float(_contrasts(sums.sum(axis=0)[None], sign, corpus)[0])
    exact = len(sums) <= MOST_EXACT
    excess, (treatment, control) = sums[:, 0] - sums[:, 1], sums.sum(axis=0)
    found = []
    for swaps in _all_swaps(len(sums)) if exact else _random_swaps(len(sums), n_resamples, rng):
        moved = np.tensordot(swaps, excess, 1)
        swapped = np.stack([treatment - moved, control + moved], axis=1)
        found.append(np.abs(_contrasts(swapped, sign, corpus)))
    differences = np.concatenate(found)
    tried = len(differences)
    if not np.isfinite(differences).all():
        reason = "the score of a resample is unknown"
        return ApproximateRandomization(estimate, NAN, exact, tried, reason)
    as_far = int((differences >= abs(estimate) - _SAME).sum())
    p_value = as_far / tried if exact else (as_far + 1) / (tried + 1)
    return ApproximateRandomization(estimate, p_value, exact, tried, None)


def _cluster_sums(columns: ArrayLike, clusters: ArrayLike) -> Floats:
    """Sums over the items of each cluster, shape (n_clusters, n_arms, n_seeds, n_columns)."""
    values, labels = np.asarray(columns, dtype=float), np.asarray(clusters)
    if values.ndim != 4 or labels.shape != values.shape[2:3]:
        raise ValueError(
            f"got columns of shape {values.shape} and clusters of shape {labels.shape};"
            " need (n_arms, n_seeds, n_items, n_columns) and (n_items,)"
        )
    scored = ~np.isnan(values).any(axis=(0, 1, 3))
    names, codes = np.unique(labels[scored], return_inverse=True)
    sums = np.zeros((len(names), *values.shape[:2], values.shape[3]))
    np.add.at(sums, codes, np.moveaxis(values[:, :, scored], 2, 0))
    return sums


def _contrasts(sums: Floats, weights: Floats, corpus: Corpus) -> Floats:
    """Sums of shape (n, n_arms, n_seeds, n_columns) to weighted scores, mean over seeds: (n,)."""
    scores = np.array([corpus(one) for one in sums.reshape(-1, sums.shape[-1])], dtype=float)
    by_arm: Floats = scores.reshape(sums.shape[:3]).mean(axis=-1)
    # one arm at a time, so that equal scores cancel to exactly 0
    return np.asarray(sum(w * by_arm[:, arm] for arm, w in enumerate(weights)), dtype=float)


def _summary(estimate: float, resampled: Floats, level: float) -> CorpusBootstrap:
    n = len(resampled)
    if not np.isfinite(resampled).all() or not np.isfinite(estimate):
        return CorpusBootstrap(estimate, NAN, NAN, NAN, n, "the score of a resample is unknown")
    away = np.abs(resampled - resampled.mean())
    if away.max() <= _SAME:
        same = abs(estimate) <= _SAME
        reason = "the contrast is the same in every resample"
        return CorpusBootstrap(estimate, NAN, NAN, 1.0 if same else NAN, n, reason)
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    p_value = (int((away >= abs(estimate) - _SAME).sum()) + 1) / (n + 1)
    return CorpusBootstrap(estimate, float(low), float(high), p_value, n, None)


def _blocks(count: int) -> list[int]:
    return [min(_BLOCK, count - start) for start in range(0, count, _BLOCK)]


def _draws(n: int, count: int, rng: np.random.Generator) -> Iterator[Floats]:
    """How often each of n clusters is drawn in n draws with replacement, `count` times: (., n)."""
    for size in _blocks(count):
        drawn = rng.integers(0, n, (size, n)) + n * np.arange(size)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(float)


def _all_swaps(n: int) -> Iterator[Floats]:
    yield ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(float)


def _random_swaps(n: int, count: int, rng: np.random.Generator) -> Iterator[Floats]:
    for size in _blocks(count):
        yield rng.integers(0, 2, (size, n)).astype(float)
