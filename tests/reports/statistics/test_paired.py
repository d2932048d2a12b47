from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from reports.statistics import paired_difference
from reports.statistics import test_against as p_against

RNG = np.random.default_rng(3)
SIZES = np.array([3, 9, 4, 12, 7, 1, 20])
CLUSTERS = np.repeat([f"a{i}" for i in range(len(SIZES))], SIZES)


def table(n_seeds: int, n_items: int = int(SIZES.sum())) -> np.ndarray:
    return RNG.normal(2, 30, (n_seeds, n_items))


def test_checkpoints_scope_is_cluster_robust_least_squares() -> None:
    d = table(3)
    result = paired_difference(d, CLUSTERS, scope="checkpoints")
    codes = np.unique(CLUSTERS, return_inverse=True)[1]
    fit = sm.OLS(d.mean(axis=0), np.ones(d.shape[1])).fit(
        cov_type="cluster", cov_kwds={"groups": codes}
    )
    assert result.estimate == pytest.approx(fit.params[0], rel=1e-12)
    assert result.se == pytest.approx(fit.bse[0], rel=1e-12)
    assert result.n_clusters == 7


def test_items_as_their_own_clusters_give_the_paired_t_test() -> None:
    d = table(1, 40)
    result = paired_difference(d, np.arange(40), scope="checkpoints", level=0.9)
    expected = stats.ttest_1samp(d[0], 0.0)
    low, high = expected.confidence_interval(0.9)
    assert result.p_value == pytest.approx(expected.pvalue, rel=1e-10)
    assert (result.ci_low, result.ci_high) == pytest.approx((low, high), rel=1e-10)
    assert result.df == pytest.approx(39)


def test_draws_nothing() -> None:
    d, rng = table(3), np.random.default_rng(1)
    before = rng.bit_generator.state
    assert paired_difference(d, CLUSTERS, rng=rng) == paired_difference(d, CLUSTERS)
    assert rng.bit_generator.state == before


def crossed(n_seeds: int, n_clusters: int, seed_sd: float) -> np.ndarray:
    return RNG.normal(0, 1, (n_seeds, n_clusters)) + seed_sd * RNG.normal(0, 1, (n_seeds, 1))


def mean_squares(cells: np.ndarray) -> tuple[float, float, float]:
    """Of clusters, seeds and the rest, each over the number of cells."""
    n_seeds, n_clusters = cells.shape
    rows, columns = cells.mean(axis=1), cells.mean(axis=0)
    rest = cells - rows[:, None] - columns + cells.mean()
    ms_rest = (rest**2).sum() / ((n_seeds - 1) * (n_clusters - 1))
    ms = (n_seeds * columns.var(ddof=1), n_clusters * rows.var(ddof=1), ms_rest)
    return tuple(m / cells.size for m in ms)


def test_equal_clusters_give_the_crossed_analysis_of_variance() -> None:
    """Seeds and clusters both random, one mean per cell: Var = (MSa + MSb - MSab) / (S G)."""
    cells = crossed(5, 8, 4.0)
    result = paired_difference(np.repeat(cells, 3, axis=1), np.repeat(np.arange(8), 3))
    assert result.components[:3] == pytest.approx(mean_squares(cells), rel=1e-12)
    assert result.components.df_cluster == pytest.approx(7)


@pytest.mark.parametrize(("n_seeds", "seed_sd"), [(2, 0.0), (3, 4.0), (5, 0.4), (5, 0.0)])
def test_clusters_and_seeds_each_have_their_own_t(n_seeds: int, seed_sd: float) -> None:
    for _ in range(20):
        cells = crossed(n_seeds, 8, seed_sd)
        result = paired_difference(cells, np.arange(8), level=0.9)
        v_g, v_s, v_c = mean_squares(cells)
        if n_seeds > 2:
            v_s = min(v_s, 5 * max(v_s - v_c * n_seeds / (n_seeds + 1), 0.0))
        t_g, t_s = stats.t.ppf(0.95, 7), stats.t.ppf(0.95, n_seeds - 1)
        half = (t_g * v_g + t_s * v_s) / math.sqrt(v_g + v_s)
        if n_seeds == 2:
            half = math.sqrt(t_g**2 * v_g + t_s**2 * v_s)
        assert result.se == pytest.approx(math.sqrt(v_g + v_s), rel=1e-9)
        assert result.ci_high - result.estimate == pytest.approx(half, rel=1e-9)
        assert stats.t.ppf(0.95, result.df) * result.se == pytest.approx(half, rel=1e-9)
        assert min(7, n_seeds - 1) - 1e-6 <= result.df <= max(7, n_seeds - 1) + 1e-6


def test_p_value_of_any_distance() -> None:
    result = paired_difference(crossed(3, 8, 2.0), np.arange(8))
    p = [p_against(result, result.estimate - d * result.se) for d in (1e-9, 0.1, 1, 10, 1e3, 1e9)]
    assert p == sorted(p, reverse=True)
    assert p[0] == pytest.approx(1)
    assert 0 < p[-1] < 1e-15


def test_degrees_of_freedom_of_unequal_clusters_from_the_matrix() -> None:
    result = paired_difference(table(1), CLUSTERS, scope="checkpoints")
    w = SIZES / SIZES.sum()
    single_items, whole_clusters = w, len(w) * w**2  # 3 : 1 for a cluster of average size
    centring = np.eye(len(w)) - np.outer(w, np.ones(len(w)))
    m = centring @ np.diag(3 * single_items + whole_clusters) @ centring.T
    assert result.df == pytest.approx(np.trace(m) ** 2 / np.trace(m @ m), rel=1e-10)
    assert result.df < len(w) - 1


def test_order_of_items_and_names_of_clusters_do_not_matter() -> None:
    d = table(3)
    order = RNG.permutation(d.shape[1])
    one = paired_difference(d, CLUSTERS)
    codes = np.unique(CLUSTERS, return_inverse=True)[1]
    nested = np.stack([10 - codes, np.arange(len(codes))], axis=1)
    two = paired_difference(d[:, order], nested[order])
    assert (one.se, one.df, one.p_value) == pytest.approx((two.se, two.df, two.p_value), rel=1e-9)


def test_unscored_items_are_left_out_in_every_seed() -> None:
    d = table(3)
    with_gap = d.copy()
    with_gap[1, 4] = np.nan
    kept = np.arange(d.shape[1]) != 4
    one, two = paired_difference(with_gap, CLUSTERS), paired_difference(d[:, kept], CLUSTERS[kept])
    assert (one.estimate, one.se) == (two.estimate, two.se)
    assert (one.n_items, one.n_unscored, two.n_unscored) == (55, 1, 0)


def test_recipe_scope_is_never_narrower_than_the_checkpoints() -> None:
    for _ in range(50):
        d = table(3)
        recipe = paired_difference(d, CLUSTERS)
        assert recipe.se >= paired_difference(d, CLUSTERS, scope="checkpoints").se


@pytest.mark.parametrize(
    ("d", "clusters", "reason"),
    [
        (np.ones((1, 4)), [0, 0, 1, 1], "one seed"),
        (RNG.normal(size=(3, 4)), [0, 0, 0, 0], "one cluster"),
        (np.full((3, 4), np.nan), [0, 0, 1, 1], "no item"),
        (np.ones((3, 4)), [0, 0, 1, 1], "difference is 1 in every cluster"),
    ],
)
def test_unknown_is_nan_with_a_reason(d: np.ndarray, clusters: list[int], reason: str) -> None:
    result = paired_difference(d, clusters)
    assert reason in (result.reason or "")
    assert all(map(math.isnan, (result.ci_low, result.ci_high, result.p_value)))
    assert math.isnan(p_against(result, -1.0))


def test_no_difference_at_all_is_no_evidence_for_anything() -> None:
    result = paired_difference(np.zeros((3, 6)), [0, 0, 1, 1, 2, 2])
    assert (result.estimate, result.se, result.p_value) == (0.0, 0.0, 1.0)
    assert math.isnan(result.ci_low)
    assert math.isnan(p_against(result, -3.0))
    assert "no item scored differently" in (result.reason or "")


def test_p_value_and_interval_agree_about_every_null() -> None:
    result = paired_difference(table(4), CLUSTERS, level=0.9)
    assert p_against(result, result.ci_low) == pytest.approx(0.1)
    assert p_against(result, result.ci_high) == pytest.approx(0.1)
    assert p_against(result, 0.0) == result.p_value
    assert p_against(result, result.estimate) == 1.0


@pytest.mark.parametrize(
    ("d", "clusters", "level", "message"),
    [
        (np.ones(4), [0] * 4, 0.95, r"need \(n_seeds, n_items\)"),
        (np.ones((2, 4)), [0] * 3, 0.95, "one label for each of the 4 items"),
        (np.full((2, 4), np.inf), [0] * 4, 0.95, "infinite"),
        (np.ones((2, 4)), [0] * 4, 95, "between 0 and 1"),
    ],
)
def test_wrong_input(d: np.ndarray, clusters: list[int], level: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        paired_difference(d, clusters, level=level)
