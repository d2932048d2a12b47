"""Does a nominal 5% test of a true null reject about 5% of the time, and do mistakes show?

The cells of docs/calibration.md that tell most, with fewer repetitions and fixed random numbers;
`make calibration` runs them all. Each mistake is made on purpose, and has to leave the band.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reports.statistics import looks, paired_difference, variance
from tests.reports.statistics import calibration
from tests.reports.statistics.calibration import (
    NESTED,
    PER_PARAGRAPH,
    SCENARIOS,
    SIZES,
    Decide,
    Scenario,
    cells,
    checkpoints,
    draw,
    estimates,
    offered,
    sequential,
)

REPETITIONS = 4_000
LOWEST, HIGHEST = 0.02 - 2 * 0.0022, 0.06 + 2 * 0.0038
"""2% and 6%, and twice the standard error of a simulated rate."""

NAMED = {s.name: s for s in SCENARIOS}
SEEDS_DIFFER = NAMED["the same, seed sd 3"]
ONE_LARGE = np.array([810.0, *[60.0] * 12])


def rate(decide: Decide, scenario: Scenario, n_seeds: int, sizes: np.ndarray = SIZES[24]) -> float:
    rng = np.random.default_rng([4, n_seeds, len(sizes)])
    sums = draw(scenario, sizes, (REPETITIONS, n_seeds), rng)
    return float(decide(sums, sizes).mean())


@pytest.mark.parametrize("n_seeds", [2, 3, 5, 10])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)
def test_rate_of_false_alarms(n_seeds: int, scenario: Scenario) -> None:
    found = rate(offered, scenario, n_seeds)
    assert found <= HIGHEST
    assert n_seeds == 2 or found >= LOWEST


@pytest.mark.parametrize("sizes", [SIZES[24], SIZES[48], ONE_LARGE, np.full(4, 50.0)])
def test_rate_of_false_alarms_of_checkpoints(sizes: np.ndarray) -> None:
    for scenario in (NAMED["no clustering"], NAMED["articles and paragraphs"]):
        assert LOWEST <= rate(checkpoints, scenario, 1, sizes) <= HIGHEST


@pytest.mark.parametrize("n_seeds", [5, 10])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)
def test_rate_of_false_alarms_at_any_look(n_seeds: int, scenario: Scenario) -> None:
    assert rate(sequential, scenario, n_seeds) <= HIGHEST


def test_what_is_simulated_is_what_is_offered() -> None:
    sizes = np.array([7, 3, 11, 2, 5, 9, 4])
    clusters = np.repeat(np.arange(7), sizes)
    rng = np.random.default_rng(1)
    decided = []
    for shift in np.linspace(0, 40, 60):
        d = shift + rng.normal(0, 30, (3, len(clusters))) + rng.normal(0, 10, (3, 1))
        sums = np.add.reduceat(d, np.r_[0, np.cumsum(sizes)[:-1]], axis=1)[None]
        for scope, decide in (("recipe", offered), ("checkpoints", checkpoints)):
            result = paired_difference(d, clusters, scope=scope)
            rejected = bool(decide(sums, sizes.astype(float))[0])
            assert rejected == (result.p_value <= 0.05)
            assert rejected == (not result.ci_low < 0 < result.ci_high)
            decided.append(rejected)
    assert 20 < sum(decided) < 100


def test_what_is_simulated_are_the_planned_looks() -> None:
    sizes = np.array([7, 3, 11, 2, 5, 9, 4])
    clusters = np.repeat(np.arange(7), sizes)
    rng = np.random.default_rng(2)
    decided = []
    for shift in np.linspace(0, 40, 40):
        d = shift + rng.normal(0, 30, (5, len(clusters))) + rng.normal(0, 10, (5, 1))
        sums = np.add.reduceat(d, np.r_[0, np.cumsum(sizes)[:-1]], axis=1)[None]
        found = [
            paired_difference(d[: look.n_seeds], clusters).p_value / look.weight
            for look in looks(5)
        ]
        decided.append(bool(sequential(sums, sizes.astype(float))[0]))
        assert decided[-1] == (min(found) <= 0.05)
    assert 10 < sum(decided) < 35


def test_looking_at_full_alpha_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def uncorrected(n_planned_seeds: int) -> list[tuple[int, float]]:
        return [(look.n_seeds, 1.0) for look in looks(n_planned_seeds)]

    monkeypatch.setattr(calibration, "looks", uncorrected)
    for n_seeds in (5, 10):
        assert rate(sequential, SEEDS_DIFFER, n_seeds) > HIGHEST


def test_forgetting_the_seeds_is_caught() -> None:
    assert rate(checkpoints, SEEDS_DIFFER, 3) > HIGHEST


def test_subtracting_all_that_cells_explain_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def unbiased(parts: variance.Parts, n_seeds: float) -> variance.Spread:
        seed = np.maximum(parts.seed - parts.cell, 0.0)
        return variance.Spread(parts.cluster, seed, parts.df_cluster, n_seeds - 1)

    monkeypatch.setattr(calibration, "spread", unbiased)
    redrawn = NAMED["seed sd 1 only, items redrawn by each seed"]
    assert rate(offered, redrawn, 3) > HIGHEST


def test_subtracting_nothing_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def whole(parts: variance.Parts, n_seeds: float) -> variance.Spread:
        return variance.Spread(parts.cluster, parts.seed, parts.df_cluster, n_seeds - 1)

    monkeypatch.setattr(calibration, "spread", whole)
    redrawn = NAMED["no clustering, items redrawn by each seed"]
    assert rate(offered, redrawn, 3) < LOWEST


def test_forgetting_the_degrees_of_freedom_of_seeds_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def of_clusters(of: variance.Spread, alpha: float) -> np.ndarray:
        return variance.half_width(of._replace(df_seed=of.df_cluster), alpha)

    monkeypatch.setattr(calibration, "half_width", of_clusters)
    assert rate(offered, SEEDS_DIFFER, 3) > HIGHEST


def test_forgetting_the_effective_degrees_of_freedom_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(variance, "effective_df", lambda weights: len(weights) - 1.0)
    assert rate(checkpoints, NAMED["articles and paragraphs"], 1, ONE_LARGE) > HIGHEST


def test_forgetting_the_correction_for_few_clusters_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def uncorrected(sums: np.ndarray, sizes: np.ndarray) -> variance.Parts:
        parts = variance.variance_parts(sums, sizes)
        return parts._replace(cluster=parts.cluster * (1 - 1 / len(sizes)))

    monkeypatch.setattr(calibration, "variance_parts", uncorrected)
    assert rate(checkpoints, NAMED["no clustering"], 1, np.full(4, 50.0)) > HIGHEST


@pytest.mark.parametrize("by_paragraph", [False, True])
def test_clustering_by_paragraph_is_caught(by_paragraph: bool) -> None:
    rng = np.random.default_rng(7)
    per_article = np.round(SIZES[24] / PER_PARAGRAPH).astype(int)
    article = np.repeat(np.arange(24), per_article)
    shape = (1_000, 3, len(article))
    sums = PER_PARAGRAPH * rng.normal(0, 2, (shape[0], 1, 24))[..., article]
    sums = sums + draw(
        replace(SEEDS_DIFFER, article_sd=0, seed_sd=0), np.full(len(article), 5.0), shape[:2], rng
    )
    if by_paragraph:
        assert offered(sums, np.full(len(article), 5.0)).mean() > HIGHEST
    else:
        sums = np.add.reduceat(sums, np.r_[0, np.cumsum(per_article)[:-1]], axis=-1)
        assert LOWEST <= offered(sums, per_article * 5.0).mean() <= HIGHEST


def test_standard_error_is_that_of_the_estimate() -> None:
    """Where the variance parts are unbiased: equal articles, and seeds that clearly differ."""
    sizes = np.full(6, 40.0)
    sums = draw(SEEDS_DIFFER, sizes, (20_000, 5), np.random.default_rng(3))
    parts = variance.variance_parts(sums, sizes)
    unbiased = (parts.cluster + parts.seed - parts.cell).mean()
    assert unbiased == pytest.approx(estimates(sums, sizes).var(), rel=0.03)


def test_draws_have_the_spread_they_say() -> None:
    sizes = SIZES[24]
    for scenario in (
        Scenario("", seed_sd=2.0, article_at_seed_sd=1, **NESTED),
        NAMED["EM, 6% of answers differ"],
    ):
        sums = draw(scenario, sizes, (20_000, 2), np.random.default_rng(5))
        item = 35.0**2 if scenario.differ is None else 100.0**2 * scenario.differ
        n, n2 = sizes.sum(), (sizes**2).sum()
        shared = scenario.shared * item * n + 5 * scenario.paragraph_sd**2 * n
        shared += scenario.article_sd**2 * n2
        own = (1 - scenario.shared) * item * n + scenario.article_at_seed_sd**2 * n2
        expected = (shared + own / 2) / n**2 + scenario.seed_sd**2 / 2
        assert estimates(sums, sizes).var() == pytest.approx(expected, rel=0.05)
        assert abs(estimates(sums, sizes).mean()) < 5 * np.sqrt(expected / len(sums))


def test_cells_use_the_same_draws_for_every_method() -> None:
    both = dict(
        cells(
            {"a": offered, "b": offered},
            scenarios=SCENARIOS[:1],
            seeds=[3],
            articles=[24],
            repetitions=3000,
        )
    )
    assert both["a"] == both["b"]
    assert 0 < both["a"].rate < 0.1
