from __future__ import annotations

import math

import numpy as np
import pytest

from harness.experiment.schema import Claim
from reports.statistics import PairedDifference, paired_difference
from reports.verdicts import CLAIMS, claim_p_value, decide, needs

NAN = math.nan


@pytest.mark.parametrize(
    ("claim", "estimate", "p", "margin", "verdict"),
    [
        ("better", 2.0, 0.05, None, "better"),
        ("better", 2.0, 0.0501, None, "undecided"),
        ("better", -2.0, 0.01, None, "worse"),
        ("better", 0.0, 1.0, None, "undecided"),
        ("better", 2.0, NAN, None, "undecided"),
        ("different", 2.0, 0.01, None, "better"),
        ("different", -2.0, 0.01, None, "worse"),
        ("different", -2.0, 0.2, None, "undecided"),
        ("non_inferior", 1.0, 0.01, 3.0, "not worse by more than the margin"),
        ("non_inferior", -2.9, 0.01, 3.0, "not worse by more than the margin"),
        ("non_inferior", -3.1, 0.01, 3.0, "worse by more than the margin"),
        ("non_inferior", -2.9, 0.2, 3.0, "undecided"),
        ("non_inferior", -2.9, NAN, 3.0, "undecided"),
        ("equivalent", 0.1, 0.01, 1.0, "equivalent"),
        ("equivalent", -0.9, 0.01, 1.0, "equivalent"),
        ("equivalent", 1.1, 0.01, 1.0, "not equivalent"),
        ("equivalent", -1.1, 0.01, 1.0, "not equivalent"),
        ("equivalent", 0.1, 0.06, 1.0, "undecided"),
    ],
)
def test_decide(
    claim: Claim, estimate: float, p: float, margin: float | None, verdict: str
) -> None:
    assert decide(estimate, p, claim, margin, 0.05) == verdict


def measured(effect: float, noise: float = 1.0) -> PairedDifference:
    rng = np.random.default_rng(4)
    d = noise * rng.normal(0, 10, (4, 200))
    d = d - d.mean() + effect
    return paired_difference(d, np.repeat(np.arange(20), 10))


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("effect", [-5, -3.2, -2, -0.1, 0.1, 2, 3.2, 5])
def test_verdict_of_a_single_claim_is_what_the_interval_shows(claim: Claim, effect: float) -> None:
    result, margin = measured(effect), 3.0
    verdict = decide(effect, claim_p_value(result, claim, margin), claim, margin, 0.05)
    low, high = result.ci_low, result.ci_high
    shown = {
        "better": "better" if low > 0 else "worse" if high < 0 else "undecided",
        "non_inferior": "not worse by more than the margin"
        if low > -margin
        else "worse by more than the margin"
        if high < -margin
        else "undecided",
        "equivalent": "equivalent"
        if low > -margin and high < margin
        else "not equivalent"
        if low > margin or high < -margin
        else "undecided",
    }
    shown["different"] = shown["better"]
    assert verdict == shown[claim]


def test_needs_in_words() -> None:
    options = {"alpha": 0.05, "power": 0.8, "n_family": 1}
    text = needs(measured(1.5), "better", None, **options)
    assert text is not None
    assert text.startswith("needs about")
    nothing = needs(measured(0.0), "better", None, **options)
    assert nothing == "no practical number of seeds alone, or of items alone, would decide it"
    zero = paired_difference(np.zeros((2, 4)), [0, 0, 1, 1])
    assert needs(zero, "better", None, **options) is None


def test_a_larger_family_needs_more() -> None:
    def items(n_family: int) -> int:
        text = needs(measured(1.5), "better", None, alpha=0.05, power=0.8, n_family=n_family)
        assert text is not None
        return int(text.split("more items")[0].split()[-1].replace(",", ""))

    assert items(10) > items(1)
