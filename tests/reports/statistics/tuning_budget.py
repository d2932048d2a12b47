"""Intervals of the expected best of k trials that were tried; the tables in docs/decisions/0010.

    python -m tests.reports.statistics.tuning_budget             # one arm, some minutes
    python -m tests.reports.statistics.tuning_budget difference  # two arms

What searches look like is data; an interval is any function of ordered scores and a budget. Only
those named `offered` are used by the reports.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from scipy.special import comb, stdtrit

from reports.statistics import expected_best, expected_best_difference

CONFIDENCE = 0.95
TAILS = ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
LARGE = 400_000  # draws that stand for a population

Population: TypeAlias = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
Pairs: TypeAlias = Callable[[np.random.Generator, tuple[int, ...]], tuple[np.ndarray, np.ndarray]]
Ends: TypeAlias = tuple[np.ndarray, np.ndarray]
Interval: TypeAlias = Callable[[np.ndarray, int, np.random.Generator], Ends]


def _surface(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Three settings of which the score is a quadratic function, and a little noise."""
    settings = rng.random((*shape, 3))
    return 85 - 40 * ((settings - [0.5, 0.3, 0.8]) ** 2).sum(-1) + rng.normal(0, 0.5, shape)


def _mixed(share: float, one: Population, other: Population) -> Population:
    return lambda rng, s: np.where(rng.random(s) < share, one(rng, s), other(rng, s))


POPULATIONS: dict[str, Population] = {
    "a quarter diverges": _mixed(
        0.25, lambda r, s: np.abs(r.normal(0, 2, s)), lambda r, s: 82 - np.abs(r.exponential(4, s))
    ),
    "beta(2, 5)": lambda rng, s: 100 * rng.beta(2, 5, s),
    "beta(5, 2)": lambda rng, s: 100 * rng.beta(5, 2, s),
    "lump": _mixed(0.4, lambda r, s: r.normal(50, 0.2, s), lambda r, s: r.normal(62, 6, s)),
    "normal": lambda rng, s: np.clip(rng.normal(70, 8, s), 0, 100),
    "surface": _surface,
    "a tenth is good": _mixed(
        0.1, lambda r, s: r.normal(80, 1, s), lambda r, s: r.normal(60, 1, s)
    ),
}


def with_noise(of: Population, control: float, treatment: float, shift: float = 0.0) -> Pairs:
    """Same settings in both arms: one population, and each arm's own noise in points."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        shared = of(rng, shape)
        first = shared + rng.normal(0, control, shape)
        second = shared + rng.normal(0, treatment, shape) + shift
        return np.clip(first, 0, 100), np.clip(second, 0, 100)

    return draw


def own_settings(control: Population, treatment: Population, shift: float = 0.0) -> Pairs:
    return lambda rng, s: (control(rng, s), np.clip(treatment(rng, s) + shift, 0, 100))


def _one_diverges(
    rng: np.random.Generator, shape: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    control, treatment = with_noise(_surface, 1, 1, 3)(rng, shape)
    return control, np.where(rng.random(shape) < 0.25, np.abs(rng.normal(0, 2, shape)), treatment)


def expected(population: np.ndarray, k: int) -> float:
    """Best of k draws, from a very large sample."""
    steps = np.diff((np.arange(len(population) + 1) / len(population)) ** k)
    return float(np.sort(population) @ steps)


def chances(n: int, k: int) -> np.ndarray:
    """That the i-th smallest of n is the best of k drawn without replacement."""
    return np.diff(comb(np.arange(n + 1), k) / comb(n, k))


def jackknife(scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Estimates and, per trial, estimates without it; scores of shape (n_repetitions, n)."""
    n = scores.shape[1]
    without = [
        np.sort(np.delete(scores, trial, axis=1), axis=1) @ chances(n - 1, k) for trial in range(n)
    ]
    return np.sort(scores, axis=1) @ chances(n, k), np.stack(without, axis=1)


def jackknife_t(scores: np.ndarray, k: int, rng: np.random.Generator) -> Ends:
    n = scores.shape[1]
    if k == n:
        return np.full(len(scores), np.nan), np.full(len(scores), np.nan)
    value, without = jackknife(scores, k)
    half = stdtrit(n - 1, TAILS[1]) * np.sqrt((n - 1) * without.var(axis=1))
    return value - half, value + half


def percentiles(with_replacement: bool) -> Interval:
    """Percentile bootstrap of the estimate, or of that which draws k with replacement."""

    def interval(scores: np.ndarray, k: int, rng: np.random.Generator) -> Ends:
        n = scores.shape[1]
        biased = np.diff((np.arange(n + 1) / n) ** k)
        weights = biased if with_replacement else chances(n, k)
        drawn = np.sort(rng.integers(0, n, (1_000, n)), axis=1)
        of_score = np.zeros(drawn.shape)
        np.add.at(of_score, (np.arange(len(drawn))[:, None], drawn), weights)
        low, high = np.quantile(np.sort(scores, axis=1) @ of_score.T, TAILS, axis=1)
        return low, high

    return interval


def bounded(mirrored: bool) -> Interval:
    """Ordered uniform numbers; ends at the bounds, or mirrored: as far out as the median is in."""

    def interval(scores: np.ndarray, k: int, rng: np.random.Generator) -> Ends:
        ordered, middle = np.sort(scores, axis=1), np.median(scores, axis=1)
        worst, best = np.zeros(len(scores)), np.full(len(scores), 100.0)
        if mirrored:
            worst = np.maximum(2 * ordered[:, 0] - middle, 0)
            best = np.minimum(2 * ordered[:, -1] - middle, 100)
        uniform = np.sort(rng.random((2_000, scores.shape[1])), axis=1)
        steps = np.diff(uniform**k, axis=1, prepend=0, append=1).T
        low = np.quantile(np.c_[worst, ordered] @ steps, TAILS[0], axis=1)
        return low, np.quantile(np.c_[ordered, best] @ steps, TAILS[1], axis=1)

    return interval


def band(scores: np.ndarray, k: int, rng: np.random.Generator) -> Ends:
    """Dvoretzky-Kiefer-Wolfowitz: F^k within a band that holds everywhere at once."""
    n = scores.shape[1]
    ordered = np.sort(scores, axis=1)
    gaps = np.diff(np.c_[np.zeros(len(scores)), ordered, np.full(len(scores), 100.0)], axis=1)
    wide = np.sqrt(np.log(2 / (1 - CONFIDENCE)) / 2 / n)
    share = np.arange(n + 1) / n
    low, high = ((100 - gaps @ np.clip(share + s * wide, 0, 1) ** k) for s in (1, -1))
    return low, high


def offered(scores: np.ndarray, k: int, rng: np.random.Generator) -> Ends:
    found = [expected_best(row, confidence=CONFIDENCE, rng=rng) for row in scores]
    return np.array([one.low[k - 1] for one in found]), np.array([one.high[k - 1] for one in found])


INTERVALS: dict[str, Interval] = {
    "percentiles, biased": percentiles(with_replacement=True),
    "percentiles": percentiles(with_replacement=False),
    "jackknife, t": jackknife_t,
    "mirrored ends": bounded(mirrored=True),
    "bounds": bounded(mirrored=False),
    "DKW band": band,
}

DIFFERENCES: dict[str, tuple[Pairs, bool]] = {
    **{f"{name}, null": (with_noise(of, 1, 1), True) for name, of in POPULATIONS.items()},
    **{f"{name}, +3": (with_noise(of, 1, 1, 3), True) for name, of in POPULATIONS.items()},
    "normal, noisy treatment": (with_noise(POPULATIONS["normal"], 1, 4), True),
    "surface, +3, a quarter of treatment diverges": (_one_diverges, True),
    **{f"{name}, own, null": (own_settings(of, of), False) for name, of in POPULATIONS.items()},
    **{f"{name}, own, +3": (own_settings(of, of, 3), False) for name, of in POPULATIONS.items()},
    "a tenth is good / beta(5, 2)": (
        own_settings(POPULATIONS["a tenth is good"], POPULATIONS["beta(5, 2)"]),
        False,
    ),
    "normal / a quarter diverges": (
        own_settings(POPULATIONS["normal"], POPULATIONS["a quarter diverges"]),
        False,
    ),
}


def plain_t(arms: tuple[np.ndarray, np.ndarray], k: int, paired: bool) -> Ends:
    """The jackknife's variance with n - 1 degrees of freedom, or twice as many for own settings."""
    (first, without_first), (second, without_second) = (jackknife(arm, k) for arm in arms)
    n = arms[0].shape[1]
    variance = (without_second - without_first).var(axis=1)
    if not paired:
        variance = without_second.var(axis=1) + without_first.var(axis=1)
    df = n - 1 if paired else 2 * n - 2
    half = stdtrit(df, TAILS[1]) * np.sqrt((n - 1) * variance)
    return second - first - half, second - first + half


def offered_difference(arms: tuple[np.ndarray, np.ndarray], k: int, paired: bool) -> Ends:
    unused = np.random.default_rng(0)
    found = [
        expected_best_difference(c, t, confidence=CONFIDENCE, rng=unused, paired=paired)
        for c, t in zip(*arms, strict=True)
    ]
    return np.array([one.low[k - 1] for one in found]), np.array([one.high[k - 1] for one in found])


def covered(ends: Ends, truth: float) -> float:
    """Share of intervals that contain the truth."""
    return float(np.mean((ends[0] <= truth) & (truth <= ends[1])))


def _line(name: str, found: dict[str, Ends], truth: float) -> str:
    cells = (
        f"{label} {100 * covered(ends, truth):5.1f} ({np.mean(ends[1] - ends[0]):5.1f})"
        for label, ends in found.items()
    )
    return f"  {name:45s} {truth:6.1f}  " + "  ".join(cells)


def main(what: str, repetitions: int = 2_000) -> None:
    for n in (8, 12, 20, 50):
        for k in (1, n // 4, n // 2, n) if what == "one" else (1, n // 4, n // 2):
            print(f"n = {n}, k = {k}: coverage in percent (mean width)")
            rng = np.random.default_rng([n, k])
            for name, of in POPULATIONS.items() if what == "one" else ():
                scores, truth = of(rng, (repetitions, n)), expected(of(rng, (LARGE,)), k)
                rows = {label: fn(scores, k, rng) for label, fn in INTERVALS.items()}
                print(_line(name, rows, truth), flush=True)
            for name, (draw, paired) in DIFFERENCES.items() if what == "difference" else ():
                first, second = (expected(arm, k) for arm in draw(rng, (LARGE,)))
                arms = draw(rng, (repetitions, n))
                rows = {
                    "t, n - 1": plain_t(arms, k, paired),
                    "offered": offered_difference(arms, k, paired),
                }
                print(_line(name, rows, 0.0 if "null" in name else second - first), flush=True)


if __name__ == "__main__":
    main("difference" if "difference" in sys.argv[1:] else "one")
