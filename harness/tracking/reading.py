"""Ablations and runs read back from MLflow as values.

Writes nothing. What is read here was written by `ablation` and `run`.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import yaml

from harness.audit.background import Background
from harness.errors import TrackingError
from harness.experiment.declaration import Declaration
from harness.experiment.schema import MetricName
from harness.experiment.tuning import Tuning
from harness.results import COST_COLUMNS, RunRecord, Status
from harness.tracking import tags
from harness.tracking.artifacts import artifact_text, artifacts
from harness.tracking.declarations import declarations_of
from harness.tracking.items import background_of_run
from harness.tracking.store import Store, explained, search

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities import Run

__all__ = [
    "StoredAblation",
    "find_finished",
    "find_parent",
    "find_run",
    "load_ablation",
    "read_run",
]

_RESULTS = {*get_args(MetricName), *COST_COLUMNS}
_LISTED = 8


@dataclass(frozen=True)
class StoredAblation:
    """An ablation as it stands in the store.

    Attributes
    ----------
    run_id, name : str
        The parent run in MLflow.
    plan_hash : str
        Identity of the plan.
    experiment : mapping
        The resolved experiment; `Experiment.model_validate` takes it.
    records : tuple of RunRecord
        One per run of the plan, in its order.
    history : tuple of Declaration
        What the experiment had declared when this ablation started, oldest first.
    background : Background or None
        What is known of the test items; None for ablations that did not store it.
    tuning : Tuning or None
        What the searches found whose best settings the arms have; None without a search.
    """

    run_id: str
    name: str
    plan_hash: str
    experiment: Mapping[str, Any]
    records: tuple[RunRecord, ...]
    history: tuple[Declaration, ...]
    background: Background | None
    tuning: Tuning | None


def find_finished(store: Store, fingerprint: str) -> str | None:
    """Newest run with a fingerprint that finished, in any MLflow experiment of the store.

    Returns
    -------
    str or None
        Its id, if its predictions are still there.

    Raises
    ------
    TrackingError
        The store failed.
    """
    quoted = fingerprint.replace("'", "")
    with explained(store, "look for finished runs"):
        found = search(
            store, f"attributes.status = 'FINISHED' and tags.`{tags.FINGERPRINT}` = '{quoted}'"
        )
        for run in found:
            if any(file.path == tags.PREDICTIONS for file in artifacts(store, run)):
                run_id: str = run.info.run_id
                return run_id
    return None


def read_run(store: Store, run_id: str) -> RunRecord:
    """One run with its metrics and predictions.

    Raises
    ------
    TrackingError
        There is no such run, it is not a run of an ablation, or its predictions are gone.
    """
    run = find_run(store, run_id)
    if run is None or run.data.tags.get(tags.KIND) != "run":
        raise TrackingError("there is no such run of an ablation", where=store.where, got=run_id)
    return _record(store, run, run.data.tags.get(tags.FINGERPRINT, ""))


def load_ablation(store: Store, name: str, *, runs: bool = True) -> StoredAblation:
    """An ablation with all its runs, whatever became of them.

    Parameters
    ----------
    store : Store
    name : str
        A run id, an unambiguous beginning of one, a run's name, or an experiment's name
        for its newest ablation.
    runs : bool
        Whether to read its runs and their predictions, which takes longest.

    Raises
    ------
    TrackingError
        There is no such ablation, or something of it is gone.
    """
    with explained(store, "read an ablation"):
        parent = find_parent(store, name)
        run_id: str = parent.info.run_id
        experiment = yaml.safe_load(artifact_text(store, run_id, tags.EXPERIMENT_FILE))
        history, background = declarations_of(store, parent), background_of_run(store, parent)
        tuning = _tuning(store, parent)
        plan = json.loads(artifact_text(store, run_id, tags.PLAN_FILE))
        nested: dict[tuple[str, str], Run] = {}
        for run in search(store, f"tags.`{tags.PARENT}` = '{run_id}'", [parent.info.experiment_id]):
            place = run.data.tags.get(tags.ARM, ""), run.data.tags.get(tags.SEED, "")
            nested.setdefault(place, run)  # the newest, if one was started twice
    records = []
    for entry in plan["runs"] if runs else ():
        arm, seed, fingerprint = entry["arm"], entry["seed"], entry["fingerprint"]
        place = arm, str(seed)
        if place in nested:
            records.append(_record(store, nested[place], fingerprint))
        else:
            records.append(RunRecord(arm, seed, "missing", fingerprint))
    return StoredAblation(
        run_id,
        parent.info.run_name,
        plan["plan"],
        experiment,
        tuple(records),
        history,
        background,
        tuning,
    )


def _tuning(store: Store, parent: Run) -> Tuning | None:
    if all(file.path != tags.TUNING_FILE for file in artifacts(store, parent)):
        return None
    return Tuning.model_validate_json(artifact_text(store, parent.info.run_id, tags.TUNING_FILE))


def _record(store: Store, run: Run, fingerprint: str) -> RunRecord:
    run_tags = run.data.tags
    arm, seed, run_id = run_tags[tags.ARM], int(run_tags[tags.SEED]), run.info.run_id
    source = run_tags.get(tags.REUSED_FROM)
    if run.info.status != "FINISHED":
        status: Status = "missing" if run.info.status in ("RUNNING", "SCHEDULED") else "failed"
        reason = run_tags.get(tags.REASON)
        return RunRecord(arm, seed, status, fingerprint, reason, run_id)
    metrics = {name: value for name, value in run.data.metrics.items() if name in _RESULTS}
    return RunRecord(
        arm,
        seed,
        "finished" if source is None else "reused",
        fingerprint,
        run_id=run_id,
        metrics=metrics,
        predictions=_predictions(store, source or run_id),
    )


def _predictions(store: Store, run_id: str) -> pd.DataFrame:
    import pandas as pd
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory() as folder:
        try:
            path = store.client.download_artifacts(run_id, tags.PREDICTIONS, folder)
            table = pd.read_parquet(path)
        except (MlflowException, OSError, ValueError) as error:  # ValueError: damaged Parquet
            raise TrackingError(
                "the predictions of a finished run are gone",
                where=f"run {run_id}; {store.where}",
                got=str(error).strip().splitlines()[0],
                fix="restore the store's artifact folder, or run the ablation again",
            ) from error
    if "references" in table:  # Parquet gives arrays for what was written as lists
        table["references"] = [list(entry) for entry in table["references"]]
    return table


def find_parent(store: Store, name: str) -> Run:
    """The parent run of an ablation, by what `load_ablation` takes as its name."""
    if re.fullmatch(r"[0-9a-f]{32}", name):
        run = find_run(store, name)
        if run is not None and run.data.tags.get(tags.KIND) == "ablation":
            return run
        if run is not None and tags.PARENT in run.data.tags:
            raise TrackingError(
                "this is one run of an ablation, not an ablation",
                got=f"{name} ({run.info.run_name})",
                fix=f"give its parent: {run.data.tags[tags.PARENT]}",
            )
    ablations = search(store, f"tags.`{tags.KIND}` = 'ablation'")
    for run in ablations:
        if name in (run.info.run_name, run.data.tags.get(tags.EXPERIMENT)):
            return run
    matches = [run for run in ablations if run.info.run_id.startswith(name)] if name else []
    if len(matches) == 1:
        return matches[0]
    listed = matches or ablations
    raise TrackingError(
        "several ablations begin with this" if matches else "there is no such ablation",
        where=store.where,
        got=name,
        allowed="a run id, its unambiguous beginning, or a name, such as\n"
        + "\n".join(map(_line, listed[:_LISTED]))
        if listed
        else None,
        fix=None if listed else "give --tracking-uri if the ablation is in another store",
    )


def _line(run: Run) -> str:
    return f"    {run.info.run_id[:12]}  {run.info.run_name}  ({run.info.status.lower()})"


def find_run(store: Store, run_id: str) -> Run | None:
    """Any run of the store, or None if there is none with this id."""
    from mlflow.exceptions import MlflowException

    with explained(store, "read a run"):
        try:
            return store.client.get_run(run_id)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise
