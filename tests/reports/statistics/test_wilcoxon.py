"""The signed-rank test against R, with and without ties and zeros (see tests/golden)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports.statistics import Wilcoxon, wilcoxon

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "tests.json").read_text())
EXACT = GOLDEN["signed_rank"] + GOLDEN["signed_rank_exact_with_ties_and_zeros"]


def signed_ranks(case: dict[str, Any]) -> Wilcoxon:
    differences = case["differences"]
    return wilcoxon(differences, np.arange(len(differences)), null_value=case["null_value"])


@pytest.mark.parametrize("case", EXACT, ids=lambda case: f"{len(case['differences'])} pairs")
def test_the_exact_p_value_is_that_of_r(case: dict[str, Any]) -> None:
    found = signed_ranks(case)
    assert found.p_value == pytest.approx(case["p"], rel=1e-9)
    assert (found.n_pairs, found.exact) == (len(case["differences"]), True)


@pytest.mark.parametrize("case", GOLDEN["signed_rank_normal"], ids=["ties and zeros", "neither"])
def test_the_normal_approximation_is_that_of_r(case: dict[str, Any]) -> None:
    found = signed_ranks(case)
    assert found.p_value == pytest.approx(case["p"], rel=1e-9)
    assert not found.exact


def test_the_cluster_is_the_unit() -> None:
    values = [1.0, 5.0, *[-1.0] * 7, 4.0, np.nan]  # by its sum "b" would rank above "a"
    one = wilcoxon(values, [*"aa", *"bbbbbbb", "c", "d"])
    assert one == wilcoxon([3.0, -1.0, 4.0], [0, 1, 2])
    assert one.n_pairs == 3


def test_differences_that_differ_by_rounding_are_ties() -> None:
    thirds = [100 / 3, 200 / 3 - 100 / 3 + 1e-13, -(100 - 200 / 3), 5.0]
    assert len(set(np.abs(thirds))) == 4
    assert wilcoxon(thirds, range(4)) == wilcoxon([2.0, 2.0, -2.0, 1.0], range(4))


def test_nothing_to_go_by() -> None:
    unknown = wilcoxon([np.nan], ["a"])
    assert (np.isnan(unknown.p_value), unknown.n_pairs) == (True, 0)
    for n in (3, 300):
        assert wilcoxon(np.zeros(n), range(n)) == Wilcoxon(1.0, n, exact=True)


def test_wrong_input() -> None:
    with pytest.raises(ValueError, match="need \\(n_items,\\)"):
        wilcoxon([[1.0]], [0])
