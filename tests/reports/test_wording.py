from __future__ import annotations

import math
from dataclasses import replace

import pytest

from reports.comparison import Comparison
from reports.wording import headline, p_text, points, sentence, signed

BASE = Comparison(
    contrast="c",
    kind="main",
    claim="better",
    metric="f1",
    exploratory=False,
    scope="recipe",
    method="m",
    control_mean=14.04,
    treatment_mean=81.2,
    estimate=67.16,
    ci_low=64.0,
    ci_high=70.4,
    level=0.95,
    se=1.5,
    df=20.0,
    p_value=1e-9,
    p_adjusted=2e-9,
    n_family=2,
    verdict="better",
    margin=None,
    needed=None,
    n_items=500,
    n_clusters=25,
    n_seeds=3,
    reason=None,
    headline="question+context is better than question",
    sentence="",
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (67.16, "+67.2"),
        (-0.34, "−0.3"),
        (-0.096, "−0.1"),
        (0.04, "+0.04"),
        (-0.001, "0.00"),
        (0.0, "0.0"),
        (math.nan, "–"),
    ],
)
def test_signed(value: float, text: str) -> None:
    assert signed(value) == text


def test_points() -> None:
    assert [points(v) for v in (81.25, -0.01, math.nan, -3.0)] == ["81.2", "0.0", "–", "−3.0"]


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0004, "p < 0.001"), (0.0312, "p = 0.031"), (0.31, "p = 0.31"), (math.nan, "p unknown")],
)
def test_p_text(p: float, text: str) -> None:
    assert p_text(p) == text


def test_sentence() -> None:
    assert sentence(BASE) == (
        "question+context is better than question: F1 81.2 vs 14.0, +67.2 points "
        "(95% interval +64.0 to +70.4, p < 0.001)."
    )
    assert sentence(replace(BASE, p_value=0.039, p_adjusted=0.078)).endswith("adjusted p = 0.078).")
    assert sentence(replace(BASE, needed="needs about 3 more seeds")).endswith(
        "p < 0.001); needs about 3 more seeds."
    )
    assert sentence(replace(BASE, ci_low=math.nan, reason="why")).endswith("+67.2 points; why.")
    assert sentence(replace(BASE, estimate=math.nan, reason="why")).endswith("question: why.")


@pytest.mark.parametrize(
    ("claim", "verdict", "text"),
    [
        ("better", "better", "question+context is better than question"),
        ("better", "worse", "question+context is worse than question"),
        ("better", "undecided", "Undecided whether question+context is better than question"),
        ("different", "undecided", "Undecided whether question+context is different from question"),
        (
            "non_inferior",
            "not worse by more than the margin",
            "question+context is not worse than question by more than 1 point",
        ),
        (
            "non_inferior",
            "undecided",
            "Undecided whether question+context is worse than question by more than 1 point",
        ),
        ("equivalent", "equivalent", "question+context is equivalent to question within 1 point"),
        (
            "equivalent",
            "not equivalent",
            "question+context differs from question by more than 1 point",
        ),
    ],
)
def test_headline(claim: str, verdict: str, text: str) -> None:
    comparison = replace(BASE, claim=claim, verdict=verdict, margin=1.0)  # type: ignore[arg-type]
    assert headline(comparison, [("question+context", "question")]) == text


@pytest.mark.parametrize(
    ("claim", "verdict", "end"),
    [
        ("different", "better", "is larger with nf4 than with full"),
        ("different", "worse", "is smaller with nf4 than with full"),
        ("different", "undecided", "differs between nf4 and full"),
        ("equivalent", "equivalent", "is the same within 2 points with nf4 as with full"),
        ("equivalent", "undecided", "is the same within 2 points with nf4 as with full"),
        ("non_inferior", "undecided", "is smaller by more than 2 points with nf4 than with full"),
    ],
)
def test_headline_of_an_interaction(claim: str, verdict: str, end: str) -> None:
    comparison = replace(BASE, kind="interaction", claim=claim, verdict=verdict, margin=2.0)  # type: ignore[arg-type]
    text = headline(comparison, [("question+context", "question"), ("nf4", "full")])
    start = "Undecided whether the" if verdict == "undecided" else "The"
    assert text == f"{start} effect of question+context over question {end}"
