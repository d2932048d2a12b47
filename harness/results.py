"""What a run leaves behind, as values: passed from executors to tracking and reports.

Imports no torch and no mlflow; every package may read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from harness.metrics import METRICS

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "COST_COLUMNS",
    "PREDICTION_COLUMNS",
    "RESERVED_COLUMNS",
    "Curve",
    "RunRecord",
    "Status",
    "cluster_columns",
]

Curve: TypeAlias = tuple[tuple[int, float], ...]
"""(optimizer step, value) by ascending step; a diverged training's value may be NaN or infinite."""

Status = Literal["finished", "reused", "failed", "missing"]

COST_COLUMNS: Mapping[str, str] = {
    "parameters": "parameters of the model, adapter included",
    "trainable_parameters": "parameters that were trained",
    "trainable_percent": "share of the parameters that was trained, percent",
    "kept_step": "optimizer step whose weights were kept",
    "footprint_mb": "weights in memory, MB",
    "peak_memory_mb": "peak memory of the process (CPU) or the device (GPU), MB",
    "train_seconds": "wall time of training, evaluations in between included, s",
    "train_tokens_per_second": "input and target tokens trained on, per second of training",
    "generate_seconds": "wall time of generating the test predictions, s",
    "generate_tokens_per_second": "new tokens generated, per second",
    "energy_wh": "energy used by processor and GPU in training and generating, where metered, Wh",
    "processes": "processes that trained the run together",
    "prompts_cut": "test prompts that were shortened",
    "questions_cut": "test prompts that were shortened beyond prompt.truncate",
    "train_prompts_cut": "training prompts that were shortened",
    "train_questions_cut": "training prompts that were shortened beyond prompt.truncate",
    "targets_cut": "training targets that were shortened",
}
"""Numbers that every finished run reports besides its scores, and what they mean."""


@dataclass(frozen=True)
class RunRecord:
    """One run of a plan, however it ended.

    Attributes
    ----------
    arm, seed : str, int
        Which run of the plan this is.
    status : {"finished", "reused", "failed", "missing"}
        `reused`: its predictions come from an earlier run with the same fingerprint.
        `missing`: it was planned, but not started.
    fingerprint : str
        Identity of the run (sha256).
    reason : str or None
        Why it failed.
    run_id : str or None
        MLflow run that holds its artifacts.
    metrics : mapping
        Corpus scores by metric name (0-100) and the numbers of `COST_COLUMNS`.
    predictions : DataFrame or None
        One row per test item: `item` (id), one column per cluster level under its
        field name, `references` (list of str; empty = unanswerable), `prompt`,
        `prediction`, `prompt_tokens`, `new_tokens`; only in runs whose answers were
        generated twice, `again` (str): the second answer.
    curves : mapping of str to Curve
        What was measured while it trained, by name: `train_loss`, and `validation_loss` and
        other scores of the validation items, as `validation_f1`. Empty where not known.
    """

    arm: str
    seed: int
    status: Status
    fingerprint: str
    reason: str | None = None
    run_id: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    predictions: pd.DataFrame | None = None
    curves: Mapping[str, Curve] = field(default_factory=dict)


PREDICTION_COLUMNS = (
    "item",
    "references",
    "prompt",
    "prediction",
    "prompt_tokens",
    "new_tokens",
    "again",
)
"""Columns that predictions have besides their cluster levels; `again` only if generated twice."""

RESERVED_COLUMNS: frozenset[str] = frozenset(
    {"arm", "seed", *PREDICTION_COLUMNS, *(c for m in METRICS.values() for c in m.columns)}
)
"""Names that a cluster level cannot have: columns of the predictions and of the score table."""


def cluster_columns(records: Sequence[RunRecord]) -> tuple[str, ...]:
    """Names of the cluster levels that predictions hold, outermost first."""
    for record in records:
        if record.predictions is not None:
            return tuple(
                name for name in record.predictions.columns if name not in PREDICTION_COLUMNS
            )
    return ()
