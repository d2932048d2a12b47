"""Section on how the training went: losses by arm and seed, and what did not get to its end."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup

from harness.results import RunRecord
from reports.plots.curves import curve_panels, curve_scale, draw_curves
from reports.sections.page import Page
from reports.wording import UNKNOWN, metric_label, points

__all__ = ["context"]


def context(page: Page) -> dict[str, object]:
    """Curves, a table of where they ended, and the runs that failed."""
    panels = curve_panels(page.records, page.study.arms)
    if not panels:
        return {"found": False}
    runs = [run for panel in panels for run in panel.runs]
    score = f"validation_{page.study.primary}"
    return {
        "found": True,
        # The drawing escapes what it is given.
        "picture": Markup(draw_curves(panels)),
        "log": curve_scale(panels).log,
        "validated": any(run.validation for run in runs),
        "score": metric_label(page.study.primary)
        if any(score in one.curves for one in page.records)
        else None,
        "cut_short": any(
            not run.failed and curve and curve[-1][0] > run.kept
            for run in runs
            for curve in (run.train, run.validation)
        ),
        "several": len(page.study.seeds) > 1,
        "crossed": any(run.failed and (run.train or run.validation) for run in runs),
        "failed": [
            {"arm": one.arm, "seed": one.seed, "reason": one.reason or "no reason was stored"}
            for one in page.records
            if one.status == "failed"
        ],
        "rows": [
            _row([one for one in page.records if one.arm == arm], arm, score)
            for arm in page.study.arms
        ],
    }


def _row(records: Sequence[RunRecord], arm: str, score: str) -> dict[str, object]:
    """One arm's ends of training; failed runs are counted and left out of the numbers."""
    done = [one for one in records if one.status in ("finished", "reused")]
    kept = [one.metrics.get("kept_step", math.nan) for one in done]
    at_kept = list(zip(done, kept, strict=True))
    return {
        "arm": arm,
        "runs": f"{len(done)} of {len(records)}",
        "train": _spread([_last(one, "train_loss") for one in done], "{:.3g}".format),
        "validation": _spread([_at(r, "validation_loss", k) for r, k in at_kept], "{:.3g}".format),
        "score": _spread([_at(one, score, k) for one, k in at_kept], points),
        "kept": _steps(kept),
        "steps": _steps([_length(one) for one in done]),
    }


def _last(record: RunRecord, name: str) -> float:
    curve = record.curves.get(name, ())
    return curve[-1][1] if curve else math.nan


def _at(record: RunRecord, name: str, step: float) -> float:
    """The value at the kept step; NaN where nothing was measured there."""
    return dict(record.curves.get(name, ())).get(int(step), math.nan) if step == step else math.nan


def _length(record: RunRecord) -> float:
    """Last step that anything was logged at, or that was kept; NaN where nothing is known."""
    steps = [curve[-1][0] for curve in record.curves.values() if curve]
    kept = record.metrics.get("kept_step", math.nan)
    if not steps:
        return 0.0 if kept == 0 else math.nan  # 0: nothing was to be trained
    return float(max([*steps, 0 if math.isnan(kept) else int(kept)]))


def _spread(values: Sequence[float], show: Callable[[float], str]) -> dict[str, str | None]:
    """Mean of the known values, and their ends where there are several."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return {"mean": UNKNOWN, "ends": None}
    low, high = show(min(known)), show(max(known))
    ends = f"{low} to {high}" if len(known) > 1 and low != high else None
    return {"mean": show(sum(known) / len(known)), "ends": ends}


def _steps(values: Sequence[float]) -> str:
    known = [int(value) for value in values if not math.isnan(value)]
    if not known:
        return UNKNOWN
    if len({*known}) == 1:
        return f"{known[0]:,}"
    return f"{min(known):,} to {max(known):,}"
