"""What a search of settings finds with a smaller budget: the expected best of k of its trials.

Only trials that are draws from one distribution, in any order equally likely, may be put in here:
those of a random search without pruning, not those of a sampler that learns from earlier ones.
Larger is better; losses are negated before. What a budget costs is the caller's business.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

__all__ = ["ExpectedBest", "best_so_far", "expected_best", "expected_best_difference"]

_DRAWS: Final = 4_000
_TINY: Final = 1e-9  # of a standard error: rounding, where trials do not differ at all


class ExpectedBest(NamedTuple):
    """Expected best score of k trials, for every k up to the number that there are.

    Attributes
    ----------
    budgets : ndarray of int, shape (n,)
        1 to n trials.
    value : ndarray of float, shape (n,)
        The unbiased estimate; NaN where k trials may all have failed.
    low, high : ndarray of float, shape (n,)
        Confidence interval of each k by itself; NaN where none is known that holds.
    """

    budgets: NDArray[np.int64]
    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


class _Trials(NamedTuple):
    """Scores with failed ones replaced by the worst score, which leaves estimates as they are."""

    scores: NDArray[np.float64]
    n_failed: int


def expected_best(
    scores: ArrayLike,
    *,
    confidence: float,
    rng: np.random.Generator,
    bounds: tuple[float, float] = (0.0, 100.0),
) -> ExpectedBest:
    """Best score that k trials of a random search would find on average.

    Parameters
    ----------
    scores : array_like, shape (n,)
        One score per trial in any order, in points, larger is better. NaN is a failed trial, which
        is worse than any score.
    confidence : float
        Of the interval, between 0 and 1.
    rng : numpy.random.Generator
        Draws what the interval is read from.
    bounds : tuple of float
        Smallest and largest score that is possible at all. The end of the interval on the side of
        an infinite one is NaN: trials that were not seen may be arbitrarily far on that side.

    Returns
    -------
    ExpectedBest

    Raises
    ------
    ValueError
        There are no scores or they are not one row, one is outside the bounds, or the confidence is
        not between 0 and 1.

    Notes
    -----
    The value is the mean of the best over all sets of k different trials, which is unbiased. With m
    failed trials it is known for k > m only; it is then about the best of k trials that have not
    all failed.

    The interval replaces the unknown distribution function at the ordered scores by ordered uniform
    numbers, which is how it is distributed, and puts what lies between two scores on the worse of
    them for the lower end and on the better for the upper one; beyond the last score lies the
    bound. For k = 1 this is Gaffke's, which is conjectured to hold for every distribution within
    the bounds; for two possible scores it is the exact binomial one for every k; elsewhere it held
    in simulations. The upper end moves towards the bound as k approaches n, as n trials do not tell
    how good better settings are that are too rare to be among them. Rates, and what was rejected:
    docs/decisions/0010.

    References
    ----------
    Tang et al. 2020, "Showing Your Work Doesn't Always Work" (the estimator). Dodge et al. 2019,
    "Show Your Work: Improved Reporting of Experimental Results" (the question; its estimator draws
    trials with replacement and is too low). Gaffke 2005, "Three Test Statistics for a
    Nonparametric One-Sided Hypothesis on the Mean of a Nonnegative Variable". Learned-Miller &
    Thomas 2020, "A New Confidence Interval for the Mean of a Bounded Random Variable" (k = 1).
    """
    trials = _checked(scores, confidence, bounds)
    ordered = np.sort(trials.scores)
    value = _weights(len(ordered)) @ ordered
    low, high = _bounded_interval(ordered, trials.n_failed, confidence, bounds, rng)
    return _where_known(value, low, high, trials.n_failed)


def expected_best_difference(
    control: ArrayLike,
    treatment: ArrayLike,
    *,
    confidence: float,
    rng: np.random.Generator,
    bounds: tuple[float, float] = (0.0, 100.0),
    paired: bool,
) -> ExpectedBest:
    """How much better the best of k trials of one arm is than that of k trials of another.

    Parameters
    ----------
    control, treatment : array_like, shape (n,)
        One score per trial, larger is better; NaN is a failed trial. Arms that are not paired may
        have different numbers of trials.
    confidence : float
        Of the interval, between 0 and 1.
    rng : numpy.random.Generator
        Not drawn from: this interval is computed.
    bounds : tuple of float
        Smallest and largest score that is possible at all; may be infinite.
    paired : bool
        Trial i of both arms tried the same settings.

    Returns
    -------
    ExpectedBest
        Treatment minus control, for budgets up to the smaller number of trials.

    Raises
    ------
    ValueError
        As for `expected_best`; or paired arms have different numbers of trials.

    Notes
    -----
    The variance is the jackknife's over pairs, or the sum of both arms'. The quantile is Student's
    with df = 1 / sum(w^2) - 1, where w are the weights that the estimate gives to the ordered
    scores: the best of k trials rests on few of n, about 2n/k - 1. With k = 1 these are the paired
    t interval and Welch's. For k > n/2, and where trials do not differ at all, the interval is NaN.
    It is too narrow for small k where one arm alone fails, or is much worse, in a part of the space
    that few of the trials happened to meet: docs/decisions/0010.

    References
    ----------
    Arvesen 1969, "Jackknifing U-Statistics". Kish 1965, "Survey Sampling", section 11.7 (the
    effective number of weighted observations). Welch 1947, "The Generalization of 'Student's'
    Problem when Several Different Population Variances are Involved".
    """
    arms = [_checked(arm, confidence, bounds) for arm in (control, treatment)]
    sizes = [len(arm.scores) for arm in arms]
    if paired and sizes[0] != sizes[1]:
        raise ValueError(f"paired arms need as many trials each; got {sizes[0]} and {sizes[1]}")
    n = min(sizes)
    best = [_weights(size)[:n] @ np.sort(arm.scores) for size, arm in zip(sizes, arms, strict=True)]
    value = best[1] - best[0]
    half = np.full(n, np.nan)
    half[: n // 2] = _half_width(arms, n // 2, confidence, paired)
    most = bounds[1] - bounds[0]
    low, high = np.maximum(value - half, -most), np.minimum(value + half, most)
    return _where_known(value, low, high, max(arm.n_failed for arm in arms))


def best_so_far(scores: ArrayLike) -> NDArray[np.float64]:
    """Best score up to each trial, in the order in which they were made.

    Parameters
    ----------
    scores : array_like, shape (n,)
        Larger is better; NaN is a failed trial.

    Returns
    -------
    ndarray of float, shape (n,)
        NaN before the first trial that did not fail.
    """
    return np.fmax.accumulate(np.asarray(scores, dtype=float))


def _checked(scores: ArrayLike, confidence: float, bounds: tuple[float, float]) -> _Trials:
    values = np.asarray(scores, dtype=float)
    if values.ndim != 1 or not len(values):
        raise ValueError(f"got scores of shape {values.shape}, need (n,) with at least one")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: got {confidence}, need a number between 0 and 1")
    failed = np.isnan(values)
    scored = values[~failed]
    if np.any(~np.isfinite(scored) | (scored < bounds[0]) | (scored > bounds[1])):
        raise ValueError(f"scores from {scored.min()} to {scored.max()}; need {bounds} and finite")
    return _Trials(np.where(failed, min(scored, default=0.0), values), int(failed.sum()))


def _weights(n: int) -> NDArray[np.float64]:
    """C(i-1, k-1) / C(n, k) of the i-th smallest in row k: the best of k drawn from n is that one.

    By recurrence from the largest, as the binomials themselves overflow.
    """
    k, i = np.arange(1, n + 1)[:, None], np.arange(n - 1, 0, -1)
    ratios = np.maximum(1 - (k - 1) / i, 0)
    from_largest = np.cumprod(np.hstack([k / n, ratios]), axis=1)
    return np.asarray(from_largest[:, ::-1], dtype=np.float64)


def _bounded_interval(
    ordered: NDArray[np.float64],
    n_failed: int,
    confidence: float,
    bounds: tuple[float, float],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Quantiles of the integral of 1 - F^k over possible F, below and above the sample's steps."""
    n = len(ordered)
    worst, best = np.where(np.isfinite(bounds), bounds, (ordered[0], ordered[-1]))
    pessimistic = np.r_[np.full(n_failed, worst), ordered[n_failed:]]
    steps_low = np.diff(pessimistic, prepend=worst)
    steps_high = np.diff(ordered, append=best)
    function = np.sort(rng.random((_DRAWS, n)), axis=1)
    power = np.ones_like(function)
    low, high = np.full(n, np.nan), np.full(n, np.nan)
    for k in range(n):
        power *= function
        low[k] = ordered[-1] - np.quantile(power @ steps_low, (1 + confidence) / 2)
        high[k] = best - np.quantile(power @ steps_high, (1 - confidence) / 2)
    unknown = ~np.isfinite(bounds)
    return np.where(unknown[0], np.nan, low), np.where(unknown[1], np.nan, high)


def _half_width(
    arms: list[_Trials], n_budgets: int, confidence: float, paired: bool
) -> NDArray[np.float64]:
    """Half an interval of the difference for budgets 1 to `n_budgets`; NaN if nothing differs."""
    left_out = [_left_out(arm.scores, n_budgets) for arm in arms]
    df = [1 / (_weights(len(arm.scores))[:n_budgets] ** 2).sum(axis=1) - 1 for arm in arms]
    if paired:
        variance, freedom = _jackknife(left_out[1] - left_out[0]), df[0]
    else:
        parts = [_jackknife(estimates) for estimates in left_out]
        variance = parts[0] + parts[1]
        spread = parts[0] ** 2 / df[0] + parts[1] ** 2 / df[1]
        freedom = variance**2 / np.maximum(spread, 1e-300)
    error = np.where(variance > _TINY**2, np.sqrt(variance), np.nan)
    return np.asarray(stdtrit(freedom, (1 + confidence) / 2) * error, dtype=np.float64)


def _left_out(scores: NDArray[np.float64], n_budgets: int) -> NDArray[np.float64]:
    """Estimates for each budget without each trial, shape (n_budgets, n), in the trials' order."""
    order = np.argsort(scores, kind="stable")
    ordered, n = scores[order], len(scores)
    if n < 2:
        return np.empty((n_budgets, n))
    weights = _weights(n - 1)[:n_budgets]
    nothing = np.zeros((len(weights), 1))
    below = np.hstack([nothing, np.cumsum(weights * ordered[:-1], axis=1)])
    above = np.cumsum((weights * ordered[1:])[:, ::-1], axis=1)[:, ::-1]
    estimates = np.empty((len(weights), n))
    estimates[:, order] = below + np.hstack([above, nothing])
    return estimates


def _jackknife(estimates: NDArray[np.float64]) -> NDArray[np.float64]:
    n = estimates.shape[1]
    return np.asarray((n - 1) * estimates.var(axis=1), dtype=np.float64)


def _where_known(
    value: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    n_failed: int,
) -> ExpectedBest:
    budgets = np.arange(1, len(value) + 1)
    known = budgets > n_failed
    value, low, high = (np.where(known, of, np.nan) for of in (value, low, high))
    return ExpectedBest(budgets, value, low, high)
