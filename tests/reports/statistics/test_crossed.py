"""Variance parts against a crossed random-effects model fitted by lme4 (see tests/golden)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reports.statistics import PairedDifference, paired_difference

GOLDEN = Path(__file__).parents[2] / "golden" / "crossed.json"
CASES = json.loads(GOLDEN.read_text())["cases"]


def measured(case: dict[str, Any]) -> PairedDifference:
    table = np.array(case["differences"])
    return paired_difference(table, np.arange(table.shape[1]))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{len(case['differences'])} seeds")
def test_variance_parts_are_those_of_reml(case: dict[str, Any]) -> None:
    """One item per article: the differences are the cells of the table."""
    n_seeds, n_articles = np.array(case["differences"]).shape
    found = measured(case)
    article, seed, cell = (case[f"{part}_variance"] for part in ("article", "seed", "cell"))
    parts = found.components
    assert found.estimate == pytest.approx(case["estimate"], rel=1e-6)
    assert parts.cell == pytest.approx(cell / (n_seeds * n_articles), rel=1e-4)
    assert parts.cluster == pytest.approx((article + cell / n_seeds) / n_articles, rel=1e-4)
    assert parts.seed == pytest.approx((seed + cell / n_articles) / n_seeds, rel=1e-4)
    assert parts.cluster + parts.seed - parts.cell == pytest.approx(case["se"] ** 2, rel=1e-4)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{len(case['differences'])} seeds")
def test_the_p_value_is_near_that_of_kenward_and_roger(case: dict[str, Any]) -> None:
    """Another method for the same question; ours is made to err on the side of caution."""
    p_value, reference = measured(case).p_value, case["p_kenward_roger"]
    assert 0.7 * reference < p_value < 3 * reference
