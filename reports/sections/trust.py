"""Fifth section: can I believe it? What the numbers rest on, and what is missing."""

from __future__ import annotations

import math

from reports.comparison import Comparison
from reports.noise import NoiseFloor
from reports.sections.page import Page
from reports.wording import metric_label, p_cell, signed

__all__ = ["context"]

FAILURES = ("failed", "missing")


def context(page: Page) -> dict[str, object]:
    """Two sentences on the method, warnings, failed runs, second opinions, the noise floor."""
    comparisons = page.analysis.comparisons
    primary = page.study.primary
    metrics = sorted(page.table.metrics, key=lambda metric: metric != primary)
    return {
        "basis": _basis(page, comparisons),
        "method": _method(page, comparisons),
        "warnings": page.analysis.warnings,
        "declared_first": _declared_first(page),
        "failures": [
            {"arm": r.arm, "seed": r.seed, "status": r.status, "reason": r.reason or "not started"}
            for r in page.records
            if r.status in FAILURES
        ],
        "opinions": [
            {
                "contrast": one.contrast,
                "metric": metric_label(one.metric),
                "test": one.test,
                "p": p_cell(one.p_value),
            }
            for one in page.analysis.opinions
        ],
        "noise_metrics": [metric_label(metric) for metric in metrics],
        "noise": [_noise_row(floor, metrics) for floor in page.analysis.noise],
    }


def _declared_first(page: Page) -> bool:
    """Whether it is known that the claims were there before any result."""
    history = page.study.history
    return page.study.declared and bool(history) and not any(one.is_late for one in history)


def _noise_row(floor: NoiseFloor, metrics: list[str]) -> dict[str, object]:
    percent = 100 * floor.n_changed / floor.n_items
    share = f"{percent:.1f}%" if percent >= 0.05 or not percent else "< 0.1%"
    return {
        "arm": floor.arm,
        "seed": floor.seed,
        "changed": f"{floor.n_changed:,} of {floor.n_items:,}",
        "share": share,
        "shifts": [signed(floor.shifts.get(metric, math.nan)) for metric in metrics],
    }


def _basis(page: Page, comparisons: tuple[Comparison, ...]) -> str:
    if not comparisons or not page.table.items:
        return "No run has scores, so nothing can be concluded."
    seeds, n_clusters = _counts(comparisons), max(c.n_clusters for c in comparisons)
    names = page.table.cluster_names
    nested = f" in {n_clusters:,} clusters (by “{names[0]}”)" if names else ""
    text = f"Arms answered the same {len(page.table.items):,} items{nested}, with {seeds}; "
    scopes = {c.scope for c in comparisons if c.n_seeds}
    if not scopes:
        return f"{text}none of them can be compared."
    if scopes == {"checkpoints"}:
        return (
            f"{text}the intervals speak only about these trained checkpoints on other items, not "
            "about training again."
        )
    rest = "; with one seed, only about these checkpoints" if len(scopes) > 1 else ""
    return (
        f"{text}the intervals speak about the recipe: about other items of this kind, and about "
        f"training again with other seeds{rest}."
    )


def _counts(comparisons: tuple[Comparison, ...]) -> str:
    low, high = min(c.n_seeds for c in comparisons), max(c.n_seeds for c in comparisons)
    if low == high:
        return f"{low} training seed{'' if low == 1 else 's'}"
    return f"{low} to {high} training seeds"


def _method(page: Page, comparisons: tuple[Comparison, ...]) -> str:
    methods = " and ".join(dict.fromkeys(c.method for c in comparisons))
    alpha = page.study.alpha
    text = f"Arms are compared item by item; method: {methods}. "
    if len(comparisons) > 1:
        text += (
            f"Verdicts use p-values corrected by Holm for all {len(comparisons)} "
            f"hypotheses, so that a false one is among them in at most {100 * alpha:.4g}% of "
            "experiments; the intervals are not corrected. "
        )
    text += (
        "In simulations of SQuAD's shape without any true difference, a 5% test of this kind "
        "found one in at most 6% of experiments (docs/calibration.md). "
    )
    return text + _looks(page)


def _looks(page: Page) -> str:
    at = page.analysis.reached
    if len(at.planned) == 1:
        return ""
    if at.state == "early":
        return f"The plan's first look is after {at.look.n_seeds} complete seeds."
    spent = page.study.alpha * at.look.weight
    return (
        f"The plan allowed looks after {at.planned[0].n_seeds} to {at.planned[-1].n_seeds} "
        f"complete seeds, which share alpha; this is the one after {at.look.n_seeds}, at "
        f"{spent:.3g}. P-values and intervals allow for the others."
    )
