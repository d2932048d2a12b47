"""Resampling of corpus scores against sacrebleu on real answers, and by enumeration."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from harness.metrics.bleu import bleu_of_sums
from reports.statistics import approximate_randomization, paired_bootstrap
from reports.statistics.sign_flip import MOST_EXACT

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "bleu_significance.json").read_text())
ARMS = np.array([GOLDEN["counts"][name] for name in ("treatment", "control")], dtype=float)
COLUMNS = ARMS[:, None]
ITEMS = np.arange(COLUMNS.shape[2])
N = 20_000


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def ratio(sums: np.ndarray) -> float:
    return float(100 * sums[0] / sums[1]) if sums[1] else float("nan")


def shares(n_items: int, n_seeds: int = 1, n_arms: int = 2, seed: int = 0) -> np.ndarray:
    """Hits of tries: columns of a score that is a ratio of sums."""
    tries = rng(seed).integers(3, 20, (n_arms, n_seeds, n_items))
    return np.stack([rng(seed + 1).binomial(tries, 0.5), tries], axis=-1).astype(float)


def four_sd(p: float, n_golden: int) -> float:
    """Of the distance between two shares p, counted in N and in n_golden random draws."""
    return 4 * float(np.sqrt(p * (1 - p) * (1 / N + 1 / n_golden)))


def ends_four_sd(sd: float) -> float:
    """Of the distance between two estimates of a 2.5% point of a normal distribution.

    A share's error becomes the point's when it is divided by the density there.
    """
    return four_sd(0.025, GOLDEN["n_resamples"]) * sd / float(stats.norm.pdf(1.96))


def test_the_bootstrap_is_sacrebleus_on_real_answers() -> None:
    found = paired_bootstrap(COLUMNS, [1, -1], ITEMS, bleu_of_sums, rng=rng(), n_resamples=N)
    score, p = GOLDEN["score"], GOLDEN["difference_p_two_sided"]
    assert found.estimate == pytest.approx(score["treatment"] - score["control"], abs=1e-9)
    assert [found.ci_low, found.ci_high] == pytest.approx(
        GOLDEN["difference_interval"], abs=ends_four_sd(GOLDEN["difference_sd"])
    )
    assert found.p_value == pytest.approx(p, abs=four_sd(p, GOLDEN["n_resamples"]))
    assert found.p_value > 1.5 * GOLDEN["bootstrap_p"]  # which is one tail
    assert found == paired_bootstrap(
        COLUMNS, [1, -1], ITEMS, bleu_of_sums, rng=rng(), n_resamples=N
    )


@pytest.mark.parametrize("arm", [0, 1])
def test_the_interval_of_one_arm_is_what_sacrebleu_reports(arm: int) -> None:
    """Against an arm that wrote nothing, whose BLEU is 0 in every resample."""
    alone = np.stack([COLUMNS[arm], np.zeros_like(COLUMNS[arm])])
    found = paired_bootstrap(alone, [1, -1], ITEMS, bleu_of_sums, rng=rng(), n_resamples=N)
    half = GOLDEN["half_interval"][("treatment", "control")[arm]]
    tolerance = ends_four_sd(half / 1.96) / np.sqrt(2)  # half of the sum of two errors
    assert (found.ci_high - found.ci_low) / 2 == pytest.approx(half, abs=tolerance)


def test_randomization_is_sacrebleus_on_real_answers() -> None:
    found = approximate_randomization(COLUMNS, ITEMS, bleu_of_sums, rng=rng(), n_resamples=N)
    p = GOLDEN["randomization_p"]
    assert found.p_value == pytest.approx(p, abs=four_sd(p, GOLDEN["n_swaps"]))
    assert (found.exact, found.n_resamples) == (False, N)
    assert found.estimate == pytest.approx(
        GOLDEN["score"]["treatment"] - GOLDEN["score"]["control"], abs=1e-9
    )


CLUSTERS = np.array(list("aaabbcccccdd"))
WEIGHTS = np.array([1.0, -0.5, -0.5])


def contrast(columns: np.ndarray, items: np.ndarray) -> float:
    by_arm = [np.mean([ratio(seed[items].sum(axis=0)) for seed in arm]) for arm in columns]
    return float(WEIGHTS @ by_arm)


def test_clusters_are_drawn_as_a_whole_and_alike_in_all_arms_and_seeds() -> None:
    columns = shares(12, n_seeds=3, n_arms=3)
    members = [np.flatnonzero(name == CLUSTERS) for name in "abcd"]
    every = np.array(
        [contrast(columns, np.concatenate(drawn)) for drawn in itertools.product(members, repeat=4)]
    )
    observed = contrast(columns, np.arange(12))
    p = float((np.abs(every - every.mean()) >= abs(observed)).mean())
    assert 0.05 < p < 0.95
    found = paired_bootstrap(columns, WEIGHTS, CLUSTERS, ratio, rng=rng(), n_resamples=N, level=0.8)
    assert found.estimate == pytest.approx(observed)
    assert found.p_value == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / N))
    for end, share in ((found.ci_low, 0.1), (found.ci_high, 0.9)):
        slack = 4 * np.sqrt(share * (1 - share) / N)
        low, high = np.quantile(every, [share - slack, share + slack])
        assert low <= end <= high


def test_where_nothing_differs_a_twentieth_is_found() -> None:
    draws, found = rng(3), 0
    for _ in range(400):
        columns = np.stack([draws.normal(50, 9, (2, 1, 40)), np.full((2, 1, 40), 100.0)], axis=-1)
        result = paired_bootstrap(
            columns, [1, -1], np.arange(40), ratio, rng=draws, n_resamples=300
        )
        found += result.p_value <= 0.05
    assert 0.03 <= found / 400 <= 0.085


def test_few_clusters_are_swapped_in_every_way() -> None:
    columns = shares(12, n_seeds=2)
    codes = np.unique(CLUSTERS, return_inverse=True)[1]

    def difference(swap: tuple[int, ...]) -> float:
        swapped = np.array(swap)[codes]
        arms = np.where(swapped[None, None, :, None], columns[::-1], columns)
        one, two = ([ratio(s.sum(axis=0)) for s in arm] for arm in arms)
        return float(np.mean(one) - np.mean(two))

    every = np.array([difference(swap) for swap in itertools.product((0, 1), repeat=4)])
    found = approximate_randomization(columns, CLUSTERS, ratio, rng=rng())
    assert found.estimate == pytest.approx(every[0])
    assert found.p_value == pytest.approx((np.abs(every) >= abs(every[0]) - 1e-9).mean())
    assert (found.exact, found.n_resamples) == (True, 16)
    assert 2 / 16 < found.p_value < 1


def test_the_smallest_p_value_is_never_zero() -> None:
    n = 3 * MOST_EXACT
    apart = np.stack([np.full((2, 1, n), 5.0), np.full((2, 1, n), 10.0)], axis=-1)
    apart[0, :, :, 0] += rng().random(n)
    found = approximate_randomization(apart, np.arange(n), ratio, rng=rng(), n_resamples=99)
    assert found.p_value == pytest.approx(1 / 100)
    drawn = paired_bootstrap(apart, [1, -1], np.arange(n), ratio, rng=rng(), n_resamples=99)
    assert drawn.p_value == pytest.approx(1 / 100)


def test_an_item_unscored_in_one_run_is_left_out_in_all() -> None:
    columns = shares(12, n_seeds=2)
    with_gap = columns.copy()
    with_gap[1, 0, 4, :] = np.nan
    kept = np.arange(12) != 4
    for test in (
        lambda c, k: paired_bootstrap(c, [1, -1], k, ratio, rng=rng(), n_resamples=50),
        lambda c, k: approximate_randomization(c, k, ratio, rng=rng()),
    ):
        assert test(with_gap, CLUSTERS) == test(columns[:, :, kept], CLUSTERS[kept])


def test_unknown_is_nan_with_a_reason() -> None:
    columns, halves = shares(4), [0, 0, 1, 1]
    none, empty = np.full_like(columns, np.nan), columns.copy()
    empty[0, :, 2:] = empty[1, :, :2] = 0  # not all resamples leave both arms a score
    for known, clusters, reason in (
        (columns, [0, 0, 0, 0], "one cluster"),
        (none, halves, "no item is scored"),
        (empty, halves, "score of a resample is unknown"),
    ):
        found = paired_bootstrap(known, [1, -1], clusters, ratio, rng=rng(), n_resamples=50)
        assert reason in (found.reason or "")
        assert np.isnan([found.ci_low, found.ci_high, found.p_value]).all()
    for known in (none, empty):
        swapped = approximate_randomization(known, halves, ratio, rng=rng())
        assert (np.isnan(swapped.p_value), bool(swapped.reason)) == (True, True)


def test_no_difference_at_all_is_no_evidence_for_anything() -> None:
    same = np.repeat(shares(6, n_arms=1), 2, axis=0)
    found = paired_bootstrap(same, [1, -1], np.arange(6), ratio, rng=rng(), n_resamples=50)
    assert (found.estimate, found.p_value) == (0.0, 1.0)
    assert np.isnan([found.ci_low, found.ci_high]).all()
    assert "the same in every resample" in (found.reason or "")
    assert approximate_randomization(same, np.arange(6), ratio, rng=rng()).p_value == 1.0


@pytest.mark.parametrize(
    ("columns", "weights", "clusters", "more", "message"),
    [
        (np.ones((2, 4, 2)), [1, -1], [0] * 4, {}, "need \\(n_arms, n_seeds, n_items"),
        (shares(4), [1, -1], [0] * 3, {}, "clusters of shape \\(3,\\)"),
        (shares(4), [1, 1], [0] * 4, {}, "need 2 that add up to 0"),
        (shares(4), [1, -1, 0], [0] * 4, {}, "need 2 that add up to 0"),
        (shares(4), [1, -1], [0] * 4, {"level": 95}, "level 95"),
        (shares(4), [1, -1], [0] * 4, {"n_resamples": 0}, "n_resamples 0"),
    ],
)
def test_wrong_input(columns, weights, clusters, more, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        paired_bootstrap(columns, weights, clusters, ratio, rng=rng(), **more)


def test_randomization_takes_two_arms_and_some_swaps() -> None:
    with pytest.raises(ValueError, match="3 arms, need two"):
        approximate_randomization(shares(4, n_arms=3), [0] * 4, ratio, rng=rng())
    with pytest.raises(ValueError, match="n_resamples: got 0"):
        approximate_randomization(shares(4), [0] * 4, ratio, rng=rng(), n_resamples=0)
