"""Fourth section: what each run cost, and how it ended."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.results import COST_COLUMNS, RunRecord
from reports.sections.page import Page
from reports.wording import UNKNOWN, short_number

__all__ = ["context"]

HEADINGS = {
    "trainable_parameters": "trained parameters",
    "trainable_percent": "trained, %",
    "footprint_mb": "weights, MB",
    "peak_memory_mb": "peak memory, MB",
    "train_seconds": "training, s",
    "train_tokens_per_second": "training, tokens/s",
    "generate_seconds": "generation, s",
    "generate_tokens_per_second": "generation, tokens/s",
    "energy_wh": "energy, Wh",
    "prompts_cut": "prompts cut",
}
"""Columns of `COST_COLUMNS` that the table shows where known, in order, with short headings."""


def context(page: Page) -> dict[str, object]:
    """Costs by arm (means over its runs), and every run with its state."""
    columns = [c for c in HEADINGS if not math.isnan(_mean_of(page.records, c))]
    return {
        "headings": [{"short": HEADINGS[c], "long": COST_COLUMNS[c]} for c in columns],
        "arms": [
            {"arm": arm, "costs": _costs(page.records, arm, columns)} for arm in page.study.arms
        ],
        "runs": [
            {
                "arm": record.arm,
                "seed": record.seed,
                "status": record.status,
                "fingerprint": record.fingerprint[:12] or UNKNOWN,
                "run_id": record.run_id or UNKNOWN,
            }
            for record in page.records
        ],
        "total": _duration(page.records),
    }


def _costs(records: Sequence[RunRecord], arm: str, columns: list[str]) -> list[str]:
    own = [r for r in records if r.arm == arm]
    return [short_number(_mean_of(own, c)) for c in columns]


def _mean_of(records: Sequence[RunRecord], column: str) -> float:
    """Mean of a cost over the runs for which it is known, NaN if there is none."""
    values = (r.metrics.get(column, math.nan) for r in records)
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def _duration(records: tuple[RunRecord, ...]) -> str | None:
    seconds = sum(
        r.metrics.get("train_seconds", 0.0) + r.metrics.get("generate_seconds", 0.0)
        for r in records
        if r.status == "finished"
    )
    if not seconds > 0:
        return None
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
