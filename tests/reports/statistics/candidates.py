"""Methods that were tried for the recipe scope; the comparison in docs/decisions/0006.

    python -m tests.reports.statistics.candidates            # analytic ones, some minutes
    python -m tests.reports.statistics.candidates resampling # the slow ones, few repetitions

Each maps sums of differences of many tables to whether zero is rejected at 5%, like
`calibration.offered`. None of them is used by the reports.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from scipy.special import chdtri, ndtr, stdtr, stdtrit

from reports.statistics.variance import variance_parts
from tests.reports.statistics.calibration import (
    ALPHA,
    SCENARIOS,
    Cell,
    Decide,
    cells,
    estimates,
    offered,
)

Weigh = Callable[[np.ndarray, np.ndarray, int], np.ndarray]
"""(V_s, V_c, number of seeds) -> what the seeds add to the variance."""


def unbiased(seed: np.ndarray, cell: np.ndarray, n_seeds: int) -> np.ndarray:
    return np.maximum(seed - cell, 0)


def whole(seed: np.ndarray, cell: np.ndarray, n_seeds: int) -> np.ndarray:
    return seed


def partly(share: float) -> Weigh:
    return lambda seed, cell, n_seeds: np.maximum(seed - share * cell, 0)


def smooth(seed: np.ndarray, cell: np.ndarray, n_seeds: int) -> np.ndarray:
    return seed**2 / np.maximum(seed + cell, 1e-300)


def firm(slope: float) -> Weigh:
    def weigh(seed: np.ndarray, cell: np.ndarray, n_seeds: int) -> np.ndarray:
        if n_seeds == 2:
            return seed
        excess = np.maximum(seed - cell * n_seeds / (n_seeds + 1), 0)
        return np.minimum(seed, slope * excess)

    return weigh


def satterthwaite(weigh: Weigh, count_all: bool, power: float = 2.0) -> Decide:
    """t with V^2 / sum(V_k^2 / df_k); `count_all`: V_s and V_c count where V_s < V_c too."""

    def decide(sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        n_seeds = sums.shape[1]
        v_g, v_s, v_c, df_g = variance_parts(sums, sizes)
        seed = weigh(v_s, v_c, n_seeds)
        total = v_g + seed
        spread = v_g**power / df_g + seed**power / (n_seeds - 1)
        if count_all:
            spread = v_g**2 / df_g + v_s**2 / (n_seeds - 1) + v_c**2 / (n_seeds - 1) / df_g
        df = np.maximum(total**power / spread, min(df_g, n_seeds - 1))
        return 2 * stdtr(df, -np.abs(estimates(sums, sizes)) / np.sqrt(total)) <= ALPHA

    return decide


def smallest_df(weigh: Weigh) -> Decide:
    """t with the degrees of freedom of the part with the fewest."""

    def decide(sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        v_g, v_s, v_c, df_g = variance_parts(sums, sizes)
        total = v_g + weigh(v_s, v_c, sums.shape[1])
        t = -stdtrit(min(df_g, sums.shape[1] - 1), ALPHA / 2)
        return np.abs(estimates(sums, sizes)) >= t * np.sqrt(total)

    return decide


def own_t(weigh: Weigh, quadratic: bool) -> Decide:
    """Each part with its own t: Cochran & Cox's weighted mean, or Banerjee's quadratic one."""

    def decide(sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        v_g, v_s, v_c, df_g = variance_parts(sums, sizes)
        seed = weigh(v_s, v_c, sums.shape[1])
        t_g, t_s = (-stdtrit(df, ALPHA / 2) for df in (df_g, sums.shape[1] - 1))
        mean = (t_g * v_g + t_s * seed) / np.sqrt(v_g + seed)
        half = np.sqrt(t_g**2 * v_g + t_s**2 * seed) if quadratic else mean
        return np.abs(estimates(sums, sizes)) >= half

    return decide


def generalized_pivot(sums: np.ndarray, sizes: np.ndarray, nodes: int = 12) -> np.ndarray:
    """Weerahandi's p-value: V with each part divided by a chi-square over its df, averaged."""
    v_g, v_s, v_c, df_g = variance_parts(sums, sizes)
    df_s = sums.shape[1] - 1
    quantiles = (np.arange(nodes) + 0.5) / nodes
    estimate = np.abs(estimates(sums, sizes))
    p = np.zeros(len(sums))
    for of_g in df_g / chdtri(df_g, quantiles):
        for of_s in df_s / chdtri(df_s, quantiles):
            total = v_g * of_g + np.maximum(v_s * of_s - v_c, 0)
            p += 2 * ndtr(-estimate / np.sqrt(total))
    return p / nodes**2 <= ALPHA


def reml(sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """REML of the crossed model with equal weights for articles, Satterthwaite on what is left.

    For a balanced table it is the analysis of variance with parts below the cell's pooled into it,
    and Kenward-Roger's correction vanishes (Kenward & Roger 1997), so that its df are these.
    """
    n_seeds, n_clusters = sums.shape[1:]
    means = sums / sizes
    grand = means.mean(axis=(1, 2))
    rows, columns = means.mean(axis=2), means.mean(axis=1)
    rest = means - rows[:, :, None] - columns[:, None, :] + grand[:, None, None]
    df = np.array([n_clusters - 1, n_seeds - 1, (n_clusters - 1) * (n_seeds - 1)])
    ms = np.stack(
        [n_seeds * columns.var(axis=1, ddof=1), n_clusters * rows.var(axis=1, ddof=1)], axis=1
    )
    ms_rest = (rest**2).sum(axis=(1, 2)) / df[2]
    below = ms < ms_rest[:, None]
    pooled_df = df[2] + (below * df[:2]).sum(axis=1)
    pooled = (ms_rest * df[2] + (below * ms * df[:2]).sum(axis=1)) / pooled_df
    kept = np.where(below, 0, ms)
    coefficient = (~below).sum(axis=1) - 1  # of the pooled mean square, with its sign
    total = np.maximum(kept.sum(axis=1) - coefficient * pooled, 1e-300)
    spread = (kept**2 / df[:2]).sum(axis=1) + (coefficient * pooled) ** 2 / pooled_df
    t = np.abs(grand) / np.sqrt(total / n_seeds / n_clusters)
    return 2 * stdtr(np.maximum(total**2 / spread, 1), -t) <= ALPHA


def _statistic(sums: np.ndarray, sizes: np.ndarray, center: np.ndarray | float = 0) -> np.ndarray:
    total = sizes.sum(axis=-1)
    weights = (sizes / total[..., None])[..., None, :]
    cell = sums / total[..., None, None]
    n_seeds, n_clusters = sums.shape[-2:]
    rows, columns = cell.sum(axis=-1), cell.mean(axis=-2)
    mean = rows.mean(axis=-1)
    correction_g, correction_s = n_clusters / (n_clusters - 1), n_seeds / (n_seeds - 1)
    v_g = correction_g * ((columns - weights[..., 0, :] * mean[..., None]) ** 2).sum(axis=-1)
    deviation = (rows - mean[..., None])[..., None]
    rest = ((cell - columns[..., None, :] - deviation * weights) ** 2).sum(axis=(-2, -1))
    v_c = correction_g * correction_s * rest / n_seeds**2
    seed = np.maximum(rows.var(axis=-1, ddof=1) / n_seeds - v_c, 0)
    return np.abs(mean - center) / np.sqrt(np.maximum(v_g + seed, 1e-300))


def pigeonhole(sums: np.ndarray, sizes: np.ndarray, resamples: int = 199) -> np.ndarray:
    """Bootstrap-t that draws seeds and articles with replacement (Owen 2007)."""
    rng = np.random.default_rng(11)
    n, n_seeds, n_clusters = sums.shape
    estimate = estimates(sums, sizes)
    reached = np.zeros(n)
    for _ in range(resamples):
        seeds = rng.integers(n_seeds, size=(n, n_seeds))
        articles = rng.integers(n_clusters, size=(n, n_clusters))
        drawn = sums[np.arange(n)[:, None, None], seeds[:, :, None], articles[:, None, :]]
        reached += _statistic(drawn, sizes[articles], estimate) >= _statistic(sums, sizes)
    return (1 + reached) / (1 + resamples) <= ALPHA


def wild(sums: np.ndarray, sizes: np.ndarray, resamples: int = 199) -> np.ndarray:
    """Wild cluster bootstrap: signs of seeds, articles and cells are drawn, under the null."""
    rng = np.random.default_rng(12)
    n, n_seeds, n_clusters = sums.shape
    columns = sums.mean(axis=1, keepdims=True)
    rows = (sums.sum(axis=2, keepdims=True) - columns.sum(axis=2, keepdims=True)) / sizes.sum()
    rest = sums - columns - rows * sizes
    reached = np.zeros(n)
    for _ in range(resamples):
        of_row = rng.choice([-1.0, 1.0], (n, n_seeds, 1))
        of_column = rng.choice([-1.0, 1.0], (n, 1, n_clusters))
        drawn = of_row * rows * sizes + of_column * columns + of_row * of_column * rest
        reached += _statistic(drawn, sizes) >= _statistic(sums, sizes)
    return (1 + reached) / (1 + resamples) <= ALPHA


ANALYTIC: dict[str, Decide] = {
    "V_s - V_c cut at 0, Satterthwaite over all parts (before)": satterthwaite(unbiased, True),
    "the same, Satterthwaite over what is left": satterthwaite(unbiased, False),
    "V_s whole, Satterthwaite": satterthwaite(whole, False),
    "V_s - V_c / 2 cut at 0, Satterthwaite": satterthwaite(partly(0.5), False),
    "V_s - V_c cut at 0, linear df (exponent 1)": satterthwaite(unbiased, False, 1.0),
    "V_s - V_c cut at 0, fewest df": smallest_df(unbiased),
    "V_s whole, own t (Cochran-Cox)": own_t(whole, False),
    "V_s - V_c cut at 0, own t": own_t(unbiased, False),
    "V_s - V_c / 2 cut at 0, own t": own_t(partly(0.5), False),
    "V_s^2 / (V_s + V_c), own t": own_t(smooth, False),
    "firm threshold, slope 2, own t": own_t(firm(2), False),
    "firm threshold, slope 5, own t": own_t(firm(5), False),
    "firm threshold, slope 5, own t, quadratic mean": own_t(firm(5), True),
    "generalized pivot (Weerahandi)": generalized_pivot,
    "REML or Kenward-Roger, equal article weights": reml,
    "offered": offered,
}
RESAMPLING: dict[str, Decide] = {"bootstrap-t (pigeonhole)": pigeonhole, "wild cluster": wild}


def main(methods: dict[str, Decide], repetitions: int) -> None:
    """Print the lowest and the highest rate of each method for each number of seeds."""
    found: dict[tuple[str, int], list[Cell]] = {}
    for name, cell in cells(methods, scenarios=SCENARIOS, repetitions=repetitions):
        found.setdefault((name, cell.n_seeds), []).append(cell)
    for name in methods:
        ranges = []
        for n_seeds in (2, 3, 5, 10):
            rates = [100 * c.rate for c in found[name, n_seeds]]
            ranges.append(f"{min(rates):.1f}–{max(rates):.1f}")
        print(f"| {name} | " + " | ".join(ranges) + " |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["resampling"]:
        main(RESAMPLING, 500)
    else:
        main(ANALYTIC, 5_000)
