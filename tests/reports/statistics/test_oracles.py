"""Whole conclusions against R's and statsmodels' tests (see tests/golden/make_tests.R)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from statsmodels.stats.weightstats import DescrStatsW

from reports.statistics import (
    PairedDifference,
    benjamini_hochberg,
    holm,
    mcnemar,
    paired_difference,
)
from reports.statistics import test_against as p_against
from reports.verdicts import claim_p_value, decide

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "tests.json").read_text())
PAIRED = pytest.mark.parametrize(
    "case", GOLDEN["paired"], ids=lambda case: f"{len(case['treatment'])} pairs"
)
PER_CLUSTER = pytest.mark.parametrize("per_cluster", [1, 4])
MARGINS = [1.0, 2.5, 4.0, 8.0]


def measured(case: dict[str, Any], per_cluster: int, level: float = 0.95) -> PairedDifference:
    """Pairs as items, or as means of clusters whose items scatter around them."""
    of_pair = np.subtract(case["treatment"], case["control"])
    scatter = np.arange(per_cluster) - (per_cluster - 1) / 2
    items = (of_pair[:, None] + 7 * scatter).ravel()
    clusters = np.repeat(np.arange(len(of_pair)), per_cluster)
    return paired_difference(items[None], clusters, scope="checkpoints", level=level)


@PAIRED
@PER_CLUSTER
def test_equal_clusters_give_rs_paired_t_test(case: dict[str, Any], per_cluster: int) -> None:
    found = measured(case, per_cluster, level=0.9)
    assert found.estimate == pytest.approx(case["estimate"], rel=1e-9)
    assert found.df == pytest.approx(case["df"])
    assert found.p_value == pytest.approx(case["p"], rel=1e-9)
    assert [found.ci_low, found.ci_high] == pytest.approx(case["conf_90"], rel=1e-9)
    assert p_against(found, case["null_value"]) == pytest.approx(case["p_against"], rel=1e-9)


@PAIRED
def test_non_inferiority_is_the_one_sided_t_test_at_half_of_alpha(case: dict[str, Any]) -> None:
    """R asks whether the difference is above minus the margin, on that side only."""
    p = claim_p_value(measured(case, 1), "non_inferior", -case["null_value"])
    assert p == pytest.approx(2 * case["p_not_worse"], rel=1e-9)


@PAIRED
@pytest.mark.parametrize("margin", MARGINS)
def test_equivalence_is_two_one_sided_t_tests_at_half_of_alpha(
    case: dict[str, Any], margin: float
) -> None:
    differences = np.subtract(case["treatment"], case["control"])
    one_sided = DescrStatsW(differences).ttost_mean(-margin, margin)[0]
    found = measured(case, 1)
    p = claim_p_value(found, "equivalent", margin)
    assert p == pytest.approx(2 * min(one_sided, 1 - one_sided), rel=1e-9)
    verdict = decide(found.estimate, p, "equivalent", margin, alpha=0.05)
    assert (verdict == "equivalent") == (one_sided <= 0.025)


def test_the_margins_are_decided_both_ways() -> None:
    """Or the test of equivalence would show little."""
    found = [measured(case, 1) for case in GOLDEN["paired"]]
    verdicts = {
        decide(f.estimate, claim_p_value(f, "equivalent", m), "equivalent", m, alpha=0.05)
        for f in found
        for m in MARGINS
    }
    assert verdicts == {"equivalent", "not equivalent", "undecided"}


@pytest.mark.parametrize("case", GOLDEN["binomial"], ids=lambda case: f"p {case['p']:.3g}")
def test_mcnemars_exact_test_is_rs_binomial_test(case: dict[str, Any]) -> None:
    found = mcnemar(case["only_treatment"], case["only_control"]).exact
    assert found == pytest.approx(case["p"], rel=1e-9)


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_adjusted_p_values_are_those_of_r(adjust) -> None:
    cases = GOLDEN["adjusted"]
    np.testing.assert_allclose(adjust(cases["p"]), cases[adjust.__name__], rtol=1e-9)
