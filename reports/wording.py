"""Sentences for people who do not read statistics, and numbers as text.

No thresholds and no tests here: what is true is decided before it is said.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from harness.metrics import METRICS
from reports.comparison import Comparison

__all__ = [
    "UNKNOWN",
    "Ranged",
    "headline",
    "interval",
    "metric_label",
    "numbers",
    "p_cell",
    "p_text",
    "points",
    "sentence",
    "short_number",
    "signed",
]

Levels: TypeAlias = Sequence[tuple[str, str]]

UNKNOWN = "–"
"""Stands in tables for a number that is not known."""


def metric_label(metric: str) -> str:
    """Name of a metric for people; an arrow marks those of which lower is better."""
    if metric not in METRICS:
        return metric
    return METRICS[metric].label + (" ↓" if METRICS[metric].lower_is_better else "")


def points(value: float) -> str:
    """A score with one decimal, such as `81.2`."""
    return UNKNOWN if math.isnan(value) else f"{value:.1f}".replace("-0.0", "0.0").replace("-", "−")


def signed(value: float) -> str:
    """A difference with its sign and one decimal; two where one would show a zero."""
    if math.isnan(value):
        return UNKNOWN
    digits = 1 if abs(value) >= 0.095 or value == 0 else 2
    text = f"{value:+.{digits}f}"
    return ("0." + "0" * digits if float(text) == 0 else text).replace("-", "−")


class Ranged(Protocol):
    """Anything with an interval, in points; NaN is unknown."""

    @property
    def ci_low(self) -> float: ...  # noqa: D102
    @property
    def ci_high(self) -> float: ...  # noqa: D102


def interval(of: Ranged) -> str:
    """Such as `+64.0 to +70.4`."""
    if math.isnan(of.ci_low):
        return UNKNOWN
    return f"{signed(of.ci_low)} to {signed(of.ci_high)}"


def p_text(p_value: float) -> str:
    """Such as `p = 0.03` or `p < 0.001`."""
    if math.isnan(p_value):
        return "p unknown"
    if p_value < 0.001:
        return "p < 0.001"
    return f"p = {p_value:.2f}" if p_value >= 0.0995 else f"p = {p_value:.3f}"


def p_cell(p_value: float) -> str:
    """Such as `0.03` or `< 0.001`, for a column of p-values."""
    if math.isnan(p_value):
        return UNKNOWN
    return p_text(p_value).removeprefix("p ").removeprefix("= ")


def short_number(value: float) -> str:
    """A cost with three digits, such as `0.348` or `1,139`."""
    if math.isnan(value):
        return UNKNOWN
    form: Callable[[float], str] = (
        (lambda v: f"{v:,.0f}") if value >= 100 or value == int(value) else (lambda v: f"{v:.3g}")
    )
    return form(value)


def headline(comparison: Comparison, levels: Levels) -> str:
    """The verdict in words without numbers, such as `question+context is better than question`.

    Parameters
    ----------
    comparison : Comparison
    levels : sequence of (str, str)
        Treatment and the level it is compared with, of each factor of the contrast.
    """
    if comparison.kind == "main":
        return _main_effect(comparison, levels)
    text = _interaction(comparison, levels)
    return text[0].upper() + text[1:]


def sentence(comparison: Comparison) -> str:
    """The headline with its numbers.

    Such as "question+context is better than question: F1 81.2 vs 14.0, +67.2 points (95% interval
    +64.0 to +70.4, p < 0.001)."
    """
    return f"{comparison.headline}: {numbers(comparison)}."


def numbers(comparison: Comparison) -> str:
    """Scores, difference, interval and p-value as text, and what an undecided one needs."""
    if math.isnan(comparison.estimate):
        return comparison.reason or "no scores"
    show = points if comparison.kind == "main" else signed
    pair = f"{show(comparison.treatment_mean)} vs {show(comparison.control_mean)}"
    text = f"{metric_label(comparison.metric)} {pair}, {signed(comparison.estimate)} points"
    if math.isnan(comparison.ci_low):
        return f"{text}; {comparison.reason}"
    level = f"{100 * comparison.level:.4g}%"
    p = p_text(comparison.p_adjusted)
    if p != p_text(comparison.p_value):  # else it seems to contradict the interval
        p = f"adjusted {p}"
    text += f" ({level} interval {interval(comparison)}, {p})"
    return f"{text}; {comparison.needed}" if comparison.needed else text


def _main_effect(comparison: Comparison, levels: Levels) -> str:
    treatment, control = levels[0]
    margin = _margin(comparison)
    return {
        "better": f"{treatment} is better than {control}",
        "worse": f"{treatment} is worse than {control}",
        "not worse by more than the margin": (
            f"{treatment} is not worse than {control} by more than {margin}"
        ),
        "worse by more than the margin": (
            f"{treatment} is worse than {control} by more than {margin}"
        ),
        "equivalent": f"{treatment} is equivalent to {control} within {margin}",
        "not equivalent": f"{treatment} differs from {control} by more than {margin}",
        "undecided": f"Undecided whether {treatment} is {_claimed(comparison, control)}",
    }[comparison.verdict]


def _claimed(comparison: Comparison, control: str) -> str:
    margin = _margin(comparison)
    return {
        "better": f"better than {control}",
        "different": f"different from {control}",
        "non_inferior": f"worse than {control} by more than {margin}",
        "equivalent": f"equivalent to {control} within {margin}",
    }[comparison.claim]


def _interaction(comparison: Comparison, levels: Levels) -> str:
    (treatment, control), (second, second_control) = levels
    lower = comparison.metric in METRICS and METRICS[comparison.metric].lower_is_better
    # a larger effect on an error rate would be read as more errors
    effect = f"the {'gain' if lower else 'effect'} of {treatment} over {control}"
    than = f"with {second} than with {second_control}"
    between = f"between {second} and {second_control}"
    margin = _margin(comparison)
    same = f"{effect} is the same within {margin} with {second} as with {second_control}"
    claimed = {
        "better": f"{effect} is larger {than}",
        "different": f"{effect} differs {between}",
        "non_inferior": f"{effect} is smaller by more than {margin} {than}",
        "equivalent": same,
    }
    return {
        "better": f"{effect} is larger {than}",
        "worse": f"{effect} is smaller {than}",
        "not worse by more than the margin": (
            f"{effect} is not smaller by more than {margin} {than}"
        ),
        "worse by more than the margin": f"{effect} is smaller by more than {margin} {than}",
        "equivalent": same,
        "not equivalent": f"{effect} differs by more than {margin} {between}",
        "undecided": f"undecided whether {claimed[comparison.claim]}",
    }[comparison.verdict]


def _margin(comparison: Comparison) -> str:
    if comparison.margin is None:
        return ""
    return f"{comparison.margin:g} point" + ("" if comparison.margin == 1 else "s")
