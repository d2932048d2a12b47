"""Against R's binom.test (see tests/golden/make_tests.R), and exact coverage by summation."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from reports.statistics.preference import preference

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "tests.json").read_text())
SHARES = [0.01, 0.1, 0.3, 0.5, 0.62, 0.9, 0.999]


@pytest.mark.parametrize(
    "case", GOLDEN["preference"], ids=lambda case: f"{case['wins']} to {case['losses']}"
)
def test_share_interval_and_p_value_are_those_of_r(case: dict[str, Any]) -> None:
    found = preference(case["wins"], case["losses"], 9, level=case["level"])
    assert found.share == pytest.approx(case["share"], rel=1e-9)
    assert [found.ci_low, found.ci_high] == pytest.approx(case["conf"], rel=1e-9)
    assert found.p_value == pytest.approx(case["p"], rel=1e-9)
    assert (found.wins, found.losses, found.ties) == (case["wins"], case["losses"], 9)


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize("n", [1, 7, 30, 101])
def test_the_interval_covers_at_least_as_often_as_it_says(n: int, level: float) -> None:
    found = [preference(wins, n - wins, level=level) for wins in range(n + 1)]
    low, high = np.array([(one.ci_low, one.ci_high) for one in found]).T
    for share in SHARES:
        covers = (low <= share) & (share <= high)
        coverage = stats.binom.pmf(np.arange(n + 1), n, share)[covers].sum()
        assert coverage >= level - 1e-12


def test_the_interval_leaves_out_one_half_just_where_the_test_rejects_it() -> None:
    agreeing = [
        (found.ci_low > 0.5 or found.ci_high < 0.5) == (found.p_value <= 0.05)
        for n in range(1, 40)
        for wins in range(n + 1)
        if (found := preference(wins, n - wins))
    ]
    assert all(agreeing)


@pytest.mark.parametrize(
    ("ties", "reason"), [(0, "there is no vote"), (4, "every vote saw no difference")]
)
def test_without_a_decided_vote_nothing_is_known(ties: int, reason: str) -> None:
    found = preference(0, 0, ties)
    numbers = (found.share, found.ci_low, found.ci_high, found.p_value)
    assert all(math.isnan(number) for number in numbers)
    assert (found.reason, found.ties) == (reason, ties)


@pytest.mark.parametrize("counts", [(-1, 2, 0), (1, -2, 0), (1, 2, -1)])
def test_negative_counts_are_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="counts of votes"):
        preference(*counts)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_a_level_is_a_share(level: float) -> None:
    with pytest.raises(ValueError, match="level of an interval"):
        preference(3, 2, level=level)
