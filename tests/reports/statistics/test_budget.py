"""Expected best of k trials: by enumeration, by scipy in special cases, and by simulation."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from reports.statistics import best_so_far, expected_best, expected_best_difference
from tests.reports.statistics.tuning_budget import (
    DIFFERENCES,
    LARGE,
    POPULATIONS,
    covered,
    expected,
    jackknife,
    offered,
    offered_difference,
    percentiles,
    plain_t,
)

NAN = float("nan")
LOSSES = (-np.inf, 0.0)


def rng() -> np.random.Generator:
    return np.random.default_rng(11)


@pytest.mark.parametrize(
    "scores",
    [
        [31.0, 70.5, 12.0, 70.5, 55.0, 0.0, 64.0],
        [31.0, NAN, 70.5, 12.0, NAN, 55.0, 64.0],
        [-2.5, NAN, -0.25, -1.0, -0.5],
        [NAN, NAN],
        [40.0],
    ],
)
def test_value_is_the_mean_over_all_sets_of_trials(scores: list[float]) -> None:
    ranked = [-np.inf if np.isnan(score) else score for score in scores]
    expected = []
    for k in range(1, len(scores) + 1):
        best = np.mean([max(chosen) for chosen in combinations(ranked, k)])
        expected.append(best if np.isfinite(best) else NAN)
    found = expected_best(scores, confidence=0.95, rng=rng(), bounds=(-np.inf, 100.0))
    assert found.budgets.tolist() == list(range(1, len(scores) + 1))
    np.testing.assert_allclose(found.value, expected, rtol=1e-12)
    assert np.isnan(found.high[np.isnan(expected)]).all()


def test_drawing_with_replacement_would_give_less() -> None:
    scores = np.array([31.0, 70.5, 12.0, 58.0, 55.0, 0.0, 64.0])
    found = expected_best(scores, confidence=0.95, rng=rng()).value
    ranks = np.arange(8) / 7
    biased = [np.sort(scores) @ np.diff(ranks**k) for k in range(1, 8)]
    assert found[0] == pytest.approx(biased[0]) == pytest.approx(scores.mean())
    assert np.all(found[1:] > np.array(biased[1:]) + 1)
    assert found[-1] == 70.5


def test_a_thousand_trials() -> None:
    """The largest of k of the numbers 1 to n is k (n + 1) / (k + 1) on average."""
    n, k = 1_000, np.arange(1, 1_001)
    numbers = rng().permutation(n) + 1.0
    zero = np.zeros(n)
    found = expected_best_difference(
        zero, numbers, confidence=0.95, rng=rng(), bounds=(0, n), paired=False
    )
    np.testing.assert_allclose(found.value, k * (n + 1) / (k + 1), rtol=1e-11)


@pytest.mark.parametrize(("good", "n"), [(0, 9), (1, 6), (5, 12), (9, 9)])
@pytest.mark.parametrize("bounds", [(0.0, 100.0), (-3.0, -1.0)])
def test_interval_of_two_possible_scores_is_the_exact_binomial_one(
    good: int, n: int, bounds: tuple[float, float]
) -> None:
    scores = rng().permutation(np.repeat([bounds[1], bounds[0]], [good, n - good]))
    found = expected_best(scores, confidence=0.9, rng=rng(), bounds=bounds)
    share = stats.binomtest(good, n).proportion_ci(0.9, method="exact")
    for ends, p in ((found.low, share.low), (found.high, share.high)):
        exact = bounds[0] + (bounds[1] - bounds[0]) * (1 - (1 - p) ** found.budgets)
        np.testing.assert_allclose(ends, exact, atol=0.02 * (bounds[1] - bounds[0]))


def test_no_end_where_no_bound_is() -> None:
    losses = np.array([-2.5, -0.25, NAN, -1.0, -0.5])
    found = expected_best(losses, confidence=0.95, rng=rng(), bounds=LOSSES)
    finite = expected_best(losses, confidence=0.95, rng=rng(), bounds=(-11.0, 0.0))
    assert np.isnan(found.low).all()
    np.testing.assert_array_equal(found.high, finite.high)
    assert np.all((finite.low < finite.value) & (finite.value < finite.high), where=[0, 1, 1, 1, 1])
    upside_down = expected_best(-losses, confidence=0.95, rng=rng(), bounds=(0.0, np.inf))
    assert np.isnan(upside_down.high).all()
    assert np.isfinite(upside_down.low[1:]).all()


def test_a_failed_trial_is_as_bad_as_possible_for_the_lower_end_only() -> None:
    scores = np.array([60.0, 75.0, 70.0, 80.0, 64.0, 71.0])
    failed = expected_best(np.r_[NAN, scores], confidence=0.95, rng=rng())
    at_bound = expected_best(np.r_[0.0, scores], confidence=0.95, rng=rng())
    as_worst = expected_best(np.r_[60.0, scores], confidence=0.95, rng=rng())
    assert [np.isnan(ends[0]) for ends in failed[1:]] == [True] * 3
    np.testing.assert_array_equal(failed.low[1:], at_bound.low[1:])
    np.testing.assert_array_equal(failed.high[1:], as_worst.high[1:])
    assert np.all(at_bound.low < as_worst.low)


SIMULATED = [("normal", 6), ("normal", 12), ("a quarter diverges", 3), ("a tenth is good", 3)]


@pytest.mark.parametrize(("name", "k"), SIMULATED)
def test_intervals_hold_and_percentiles_of_a_bootstrap_do_not(name: str, k: int) -> None:
    draw, random = POPULATIONS[name], rng()
    truth = expected(draw(random, (LARGE,)), k)
    scores = draw(random, (200, 12))
    low, high = offered(scores, k, random)
    assert covered((low, high), truth) >= 0.96
    assert np.mean(low) > truth - 35
    if name != "a quarter diverges":
        assert covered(percentiles(with_replacement=True)(scores, k, random), truth) < 0.86


def test_intervals_hold_where_trials_fail() -> None:
    random, k = rng(), 4
    population = POPULATIONS["normal"](random, (LARGE,))
    failing = np.r_[np.full(LARGE // 3, -np.inf), population]  # a quarter of all trials
    share = np.arange(len(failing) + 1) / len(failing)
    weights = np.diff(share**k)[LARGE // 3 :]
    truth = np.sort(population) @ weights / weights.sum()
    scores = random.choice(np.where(np.isinf(failing), NAN, failing), (200, 12))
    low, high = offered(scores, k, random)
    known = np.isnan(scores).sum(axis=1) < k
    assert np.array_equal(np.isfinite(low), known)
    assert covered((low[known], high[known]), truth) >= 0.96


def test_difference_of_single_trials_is_a_t_test() -> None:
    control, treatment = rng().normal([60, 64], [9, 4], (11, 2)).T
    for paired, test in (
        (True, stats.ttest_rel(treatment, control)),
        (False, stats.ttest_ind(treatment, control, equal_var=False)),
    ):
        found = expected_best_difference(
            control, treatment, confidence=0.9, rng=rng(), paired=paired
        )
        low, high = test.confidence_interval(0.9)
        assert (found.low[0], found.high[0]) == (pytest.approx(low), pytest.approx(high))
    longer = np.r_[treatment, 66.0]
    found = expected_best_difference(control, longer, confidence=0.9, rng=rng(), paired=False)
    low, high = stats.ttest_ind(longer, control, equal_var=False).confidence_interval(0.9)
    assert (found.low[0], found.high[0]) == (pytest.approx(low), pytest.approx(high))
    assert len(found.value) == 11
    assert found.value[10] == pytest.approx(
        expected_best(longer, confidence=0.9, rng=rng()).value[10] - control.max()
    )


@pytest.mark.parametrize("paired", [True, False])
def test_difference_leaves_out_one_trial_after_the_other(paired: bool) -> None:
    draw, _ = DIFFERENCES["normal, noisy treatment"]
    arms = draw(rng(), (30, 9))
    (first, without_first), (second, without_second) = (jackknife(arm, 3) for arm in arms)
    variance = (without_second - without_first).var(axis=1) * 8
    if not paired:
        variance = (without_second.var(axis=1) + without_first.var(axis=1)) * 8
    low, high = offered_difference(arms, 3, paired)
    np.testing.assert_allclose((low + high) / 2, second - first)
    quantiles = (high - low) / 2 / np.sqrt(variance)
    chances = np.array([0, 0, 1, 3, 6, 10, 15, 21, 28]) / 84  # C(i - 1, 2) / C(9, 3)
    df = 1 / (chances @ chances) - 1
    most = stats.t.ppf(0.975, df)
    least = most if paired else stats.t.ppf(0.975, 2 * df)
    assert np.all((quantiles >= least - 1e-9) & (quantiles <= most + 1e-9))


@pytest.mark.parametrize(
    "name", ["normal, null", "surface, +3", "normal, own, null", "lump, own, +3"]
)
def test_intervals_of_differences_hold_and_usual_degrees_of_freedom_do_not(name: str) -> None:
    (draw, paired), random = DIFFERENCES[name], rng()
    first, second = (expected(arm, 6) for arm in draw(random, (LARGE,)))
    truth = 0.0 if "null" in name else second - first
    arms = draw(random, (800, 12))
    assert covered(offered_difference(arms, 6, paired), truth) >= 0.955
    assert covered(plain_t(arms, 6, paired), truth) < 0.935


def test_same_settings_are_compared_with_each_other() -> None:
    control, treatment = (arm[0] for arm in DIFFERENCES["surface, +3"][0](rng(), (1, 20)))
    both = [
        expected_best_difference(control, treatment, confidence=0.95, rng=rng(), paired=paired)
        for paired in (True, False)
    ]
    np.testing.assert_array_equal(both[0].value, both[1].value)
    widths = [(found.high - found.low)[:5] for found in both]
    assert np.all(widths[0] < 0.7 * widths[1])
    order = rng().permutation(20)
    shuffled = expected_best_difference(
        control[order], treatment[order], confidence=0.95, rng=rng(), paired=True
    )
    np.testing.assert_allclose(shuffled.low, both[0].low)


def test_differences_that_are_not_known() -> None:
    control, treatment = rng().normal([60, 64], 9, (8, 2)).T
    found = expected_best_difference(control, treatment, confidence=0.95, rng=rng(), paired=True)
    assert np.isfinite(found.value).all()
    assert np.isfinite(found.low).tolist() == [True] * 4 + [False] * 4
    control[2] = control[5] = NAN
    found = expected_best_difference(control, treatment, confidence=0.95, rng=rng(), paired=True)
    assert np.isnan(found.value).tolist() == [True] * 2 + [False] * 6
    assert np.isfinite(found.high).tolist() == [False] * 2 + [True] * 2 + [False] * 4
    same = expected_best_difference(
        treatment, treatment, confidence=0.95, rng=rng(), bounds=(-np.inf, np.inf), paired=True
    )
    assert same.value.tolist() == [0.0] * 8
    assert np.isnan(same.low).all()


def test_best_so_far() -> None:
    found = best_so_far([NAN, 3.0, NAN, 2.0, 7.0, NAN])
    np.testing.assert_array_equal(found, [NAN, 3, 3, 3, 7, 7])
    assert best_so_far([]).shape == (0,)


@pytest.mark.parametrize(
    ("scores", "confidence", "message"),
    [
        ([], 0.95, r"shape \(0,\)"),
        ([[1.0]], 0.95, r"shape \(1, 1\)"),
        ([1.0], 1.0, "confidence: got 1.0"),
        ([50.0, 100.5], 0.95, "50.0 to 100.5"),
        ([50.0, -np.inf], 0.95, "from -inf"),
    ],
)
def test_what_cannot_be_used(scores: list[float], confidence: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        expected_best(scores, confidence=confidence, rng=rng())
    with pytest.raises(ValueError, match=message):
        expected_best_difference([1.0], scores, confidence=confidence, rng=rng(), paired=False)


def test_pairs_need_as_many_trials() -> None:
    with pytest.raises(ValueError, match="got 1 and 2"):
        expected_best_difference([1.0], [1.0, 2.0], confidence=0.95, rng=rng(), paired=True)
