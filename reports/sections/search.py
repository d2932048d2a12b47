"""Section on how the arms were tuned, and how much of the verdicts that is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from markupsafe import Markup

from harness.experiment.tuning import Finding, Trial, Tuning
from reports.plots.budget import budget_lines, draw_budget, validation_label
from reports.plots.parallel import (
    MOST_PANELS,
    ParallelPanel,
    draw_parallel,
    parallel_panels,
    setting,
)
from reports.search import ArmSummary, arm_summaries, budget_text, exchangeable, unlike
from reports.sections.page import Page
from reports.sensitivity import AtBudget, Sensitivity, finding_of, sensitivities
from reports.wording import UNKNOWN, points, short_number, signed

__all__ = ["context"]

MOST_FAILED = 6
"""Failed trials that are shown; the rest is counted."""

_SEED = 0  # of what is drawn for intervals, so that a report made again is the same

SAMPLERS = {
    "random": "random search",
    "tpe": "TPE, whose proposals learn from earlier trials",
    "gp": "a Gaussian process, whose proposals learn from earlier trials",
    "cmaes": "CMA-ES, whose proposals learn from earlier trials",
}
ENDS = {"low": "lower end", "high": "upper end"}


def context(page: Page) -> dict[str, object]:
    """Tables by arm, contrast and hypothesis, and the two figures."""
    tuning = page.study.tuning
    if tuning is None:
        return {"found": False}
    level = 1 - page.study.alpha
    rows = arm_summaries(tuning)
    contrasts = list({one.name: one for one in page.study.contrasts.values()}.values())
    rng = np.random.default_rng(_SEED)
    lines = budget_lines(tuning, level, rng)
    found = sensitivities(contrasts, tuning, level, rng)
    panels, failed = parallel_panels(tuning), _failed(tuning)
    return {
        "found": True,
        "how": _how(tuning),
        "unlike": list(_unlike(tuning)),
        "label": validation_label(tuning.metric),
        "loss": tuning.direction == "minimize",
        "level": f"{100 * level:.4g}%",
        "rows": [_row(row, tuning) for row in rows],
        "best": _best(rows),
        "has_pruned": any(row.n_pruned for row in rows),
        "has_failed": bool(failed),
        "has_edges": any(row.edges for row in rows),
        # The drawings escape what they are given.
        "picture": Markup(draw_budget(lines, tuning)),
        "has_band": any(not math.isnan(low) for line in lines for low in line.low),
        "expected": exchangeable(tuning),
        "why_observed": _why_observed(tuning),
        "budgets": [one.budget for one in found[0].at_budgets] if found else [],
        "sensitivities": [_sensitivity(one, tuning) for one in found],
        "has_unknown": any(len(one.known) < len(one.at_budgets) + 2 for one in found),
        "has_interval": any(not math.isnan(b.low) for one in found for b in one.at_budgets),
        "verdicts": _verdicts(page, tuning.untuned),
        "importances": _importances(tuning),
        "parallel": Markup(draw_parallel(panels, tuning)),
        "left_out": _left_out(panels),
        "n_more_panels": max(len(panels) - MOST_PANELS, 0),
        "failed": failed[:MOST_FAILED],
        "n_failed": len(failed),
    }


def _how(tuning: Tuning) -> str:
    """How the arms were tuned; what was not the same for all is said by `_unlike`."""
    several = len(tuning.seeds) > 1
    seeds = ", ".join(map(str, tuning.seeds))
    trained = f"the mean over training seeds {seeds}" if several else f"training seed {seeds}"
    rule = "" if tuning.pruner == "none" else (
        f"; a trial that fell behind was given up ({tuning.pruner})"
    )  # fmt: skip
    budgets = {budget_text(arm) for arm in tuning.arms.values()}
    budget = f"{budgets.pop()} each of " if len(budgets) == 1 else ""
    if all(arm.default_trial for arm in tuning.arms.values()):
        trained += ", the file's own settings first"
    same = "" if unlike(tuning) else " Budget and space were the same for every arm."
    return (
        "Before they were compared, the arms were tuned one by one: "
        f"{budget}{SAMPLERS[tuning.sampler]}, by {validation_label(tuning.metric)} "
        f"({trained}){rule}.{same}"
    )


def _unlike(tuning: Tuning) -> Iterator[str]:
    for one in unlike(tuning):
        if one.budget:
            yield f"{one.arm} had another budget: {one.budget}, the others {one.usual}."
        if one.paths:
            yield f"{one.arm} had another space: it differs in {', '.join(one.paths)}."


def _row(row: ArmSummary, tuning: Tuning) -> dict[str, object]:
    n_trials = row.n_complete + row.n_pruned + row.n_failed
    parts = ((row.n_complete, "complete"), (row.n_pruned, "pruned"), (row.n_failed, "failed"))
    return {
        "arm": row.arm,
        "n_trials": n_trials,
        "states": [f"{n} {state}" for n, state in parts if n or state == "complete"],
        "time": _duration(row.seconds),
        "default": _shown(row.at_default, tuning),
        "in_space": row.in_space,
        "best": _shown(row.best, tuning),
        "is_default": row.is_default,
    }


def _best(rows: Sequence[ArmSummary]) -> list[dict[str, object]]:
    """The best settings, a row for each path."""
    paths = dict.fromkeys(path for row in rows for path in row.params)
    return [{"path": path, "cells": [_best_cell(path, row) for row in rows]} for path in paths]


def _best_cell(path: str, row: ArmSummary) -> dict[str, str | None]:
    end = next((ENDS[one.end] for one in row.edges if one.path == path), None)
    return {"value": setting(row.params[path]) if path in row.params else UNKNOWN, "end": end}


def _shown(value: float, tuning: Tuning) -> str:
    return short_number(value) if tuning.metric == "validation_loss" else points(value)


def _difference(value: float, tuning: Tuning) -> str:
    """With its sign; of losses with three digits, since they are no points."""
    if tuning.metric != "validation_loss" or math.isnan(value):
        return signed(value)
    return f"{value:+.3g}".replace("-", "−") if value else "0"


def _duration(seconds: float) -> str:
    if math.isnan(seconds):
        return UNKNOWN
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def _why_observed(tuning: Tuning) -> str:
    if tuning.sampler != "random":
        name = {"tpe": "TPE", "gp": "Gaussian-process", "cmaes": "CMA-ES"}[tuning.sampler]
        return f"{name} proposals depend on each other"
    return "whether a trial is given up depends on the others"


def _sensitivity(one: Sensitivity, tuning: Tuning) -> dict[str, object]:
    return {
        "contrast": one.contrast,
        "default": _difference(one.at_default, tuning),
        "budgets": [_cell(at, tuning) for at in one.at_budgets],
        "best": _difference(one.at_best, tuning),
        "words": _sign_in_words(one),
    }


def _cell(at: AtBudget, tuning: Tuning) -> dict[str, str | None]:
    band = None
    if not math.isnan(at.low):
        band = f"{_difference(at.low, tuning)} to {_difference(at.high, tuning)}"
    return {"value": _difference(at.value, tuning), "interval": band}


def _sign_in_words(one: Sensitivity) -> str:
    known = one.known
    if len(known) < 2:
        return "cannot be told"
    if all(value > 0 for value in known) or all(value < 0 for value in known):
        return "the same throughout"
    if min(known) < 0 < max(known):
        return "changes with the budget"
    return "no difference at some budget"


def _verdicts(page: Page, untuned: Sequence[Finding]) -> list[dict[str, str]]:
    """Each hypothesis on the test items, at the file's own settings and tuned."""
    before = {one.hypothesis: one for one in untuned}
    after = {one.hypothesis: one for one in map(finding_of, page.analysis.comparisons)}
    rows = []
    for name in {**after, **before} if untuned else ():
        cells = [_verdict(found.get(name)) for found in (before, after)]
        rows.append({"hypothesis": name, "untuned": cells[0], "tuned": cells[1]})
    return rows


def _verdict(finding: Finding | None) -> str:
    if finding is None:
        return UNKNOWN
    if finding.estimate is None:
        return finding.verdict
    band = ""
    if finding.low is not None and finding.high is not None:
        band = f" ({signed(finding.low)} to {signed(finding.high)})"
    return f"{finding.verdict}: {signed(finding.estimate)}{band}"


def _importances(tuning: Tuning) -> dict[str, object]:
    paths = dict.fromkeys(path for arm in tuning.arms.values() for path in arm.importances)
    found = {name: arm.importances for name, arm in tuning.arms.items()}
    ranked = sorted(paths, key=lambda path: -sum(own.get(path, 0.0) for own in found.values()))
    return {
        "arms": list(found),
        "rows": [
            {
                "path": path,
                "shares": [
                    f"{100 * own[path]:.0f}%" if path in own else UNKNOWN for own in found.values()
                ],
            }
            for path in ranked
        ],
        "without": [name for name, own in found.items() if not own] if paths else [],
    }


def _left_out(panels: Sequence[ParallelPanel]) -> str:
    """Settings that are not drawn; by arm if the arms differ in that."""
    if len({one.left_out for one in panels}) == 1:
        return ", ".join(panels[0].left_out)
    return "; ".join(f"{p.arm}: {', '.join(p.left_out)}" for p in panels if p.left_out)


def _failed(tuning: Tuning) -> list[dict[str, str]]:
    return [
        {"trial": f"{name}, trial {one.number}", "settings": _settings(one),
         "reason": one.reason or "no reason was stored"}
        for name, arm in tuning.arms.items()
        for one in arm.trials
        if one.state == "failed"
    ]  # fmt: skip


def _settings(trial: Trial) -> str:
    if trial.default:
        return "the file's own settings"
    return ", ".join(f"{path} = {setting(value)}" for path, value in trial.params.items())
