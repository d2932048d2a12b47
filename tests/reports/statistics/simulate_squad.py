"""Measures the false-alarm rates that `paired_difference`'s Notes quote; run by hand (a minute).

    python tests/reports/statistics/simulate_squad.py

Differences under a true null in the shape of SQuAD's development set: 24 or 48 unequal articles of
220 questions on average, paragraphs of 5. Drawn as sums per article and seed, which is all that the
method looks at. Sds in points: item 35, paragraph 10, article 2; seed 0, 0.4, 0.57 or 2; article at
one seed 0 or 2; none, half or all of an item's noise comes back in every seed.
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy.special import stdtr

from reports.statistics.paired import _combined, _components

REPETITIONS = 1500


def rate(n_seeds: int, n_articles: int, seed_sd: float, cell_sd: float, shared: float) -> float:
    """Share of repetitions in which a nominal 5% test rejects."""
    rng = np.random.default_rng([n_seeds, n_articles])
    spread = rng.lognormal(0, 0.75, n_articles) / np.exp(0.75**2 / 2)
    sizes = np.maximum(20, np.round(220 * spread))
    rejected = 0
    for _ in range(REPETITIONS):
        means = rng.normal(0, 2, n_articles) + rng.normal(0, 10, n_articles) * np.sqrt(5 / sizes)
        means += rng.normal(0, 35, n_articles) * np.sqrt(shared / sizes)
        cells = rng.normal(0, 35, (n_seeds, n_articles)) * np.sqrt((1 - shared) / sizes)
        cells += rng.normal(0, cell_sd, cells.shape) + rng.normal(0, seed_sd, (n_seeds, 1))
        sums = (means + cells) * sizes
        variance, df = _combined(_components(sums, sizes), n_seeds, "recipe")
        estimate = sums.sum() / sizes.sum() / n_seeds
        rejected += 2 * stdtr(df, -abs(estimate) / np.sqrt(variance)) <= 0.05
    return rejected / REPETITIONS


if __name__ == "__main__":
    for n_seeds in (2, 3, 5, 10):
        shapes = itertools.product((24, 48), (0.0, 0.4, 0.57, 2.0), (0.0, 2.0), (0.0, 0.5, 1.0))
        rates = [100 * rate(n_seeds, *shape) for shape in shapes]
        print(f"{n_seeds} seeds: {min(rates):.1f}-{max(rates):.1f}%, mean {np.mean(rates):.1f}%")
