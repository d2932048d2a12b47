"""An ablation while it happens: the parent run, and a nested run for each run of its plan.

Decides what stands on an ablation's first page. Where in MLflow it goes is `placement`'s
work, reading one back `reading`'s.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from harness.audit.background import Background
from harness.errors import HarnessError
from harness.experiment.declaration import Declaration
from harness.experiment.plan import Plan, RunSpec
from harness.experiment.schema import WeightsAndBiases
from harness.experiment.tuning import Tuning
from harness.results import RunRecord
from harness.tracking import tags
from harness.tracking.curves import read_curves
from harness.tracking.declarations import declare
from harness.tracking.inputs import DataInput, dataset_input, plan_tree
from harness.tracking.items import describe_items
from harness.tracking.placement import experiment_for, opened_by_mlflow, parent_run
from harness.tracking.provenance import describe_environment, process_tags, summary_tags
from harness.tracking.reading import read_run
from harness.tracking.run import (
    ActiveRun,
    Ending,
    close,
    create_nested,
    metric_entities,
    reason_of,
)
from harness.tracking.stale import mark_stale_runs
from harness.tracking.store import Store, explained, write
from harness.tracking.wandb import start_wandb

__all__ = ["Ablation", "start_ablation"]

_MAX_NOTE = 8000  # MLflow's limit for a tag, which is what a description is


class Ablation:
    """An ablation that is being executed; use it in a `with` block.

    When the block is left, the parent ends as finished if all its runs did, else as failed;
    as killed after `KeyboardInterrupt` or `SystemExit`. `mlflow run` overwrites that with what
    the exit code says: 0 is finished, anything else failed.

    Attributes
    ----------
    run_id, name : str
        The parent run in MLflow, and the experiment's name.
    stale : tuple of str
        Runs of killed processes that were marked as killed on the way.
    """

    def __init__(
        self,
        store: Store,
        experiment_id: str,
        run_id: str,
        name: str,
        fingerprints: Mapping[str, str],
        stale: Sequence[str],
        wandb: WeightsAndBiases | None = None,
    ) -> None:
        self.run_id, self.name, self.stale = run_id, name, tuple(stale)
        self._store, self._experiment_id, self._fingerprints = store, experiment_id, fingerprints
        self._wandb = wandb
        self._endings: list[Ending] = []

    def declare(self, what: Mapping[str, Any], n_known: int) -> tuple[Declaration, ...]:
        """Store what is declared, before anything is trained.

        Parameters
        ----------
        what : mapping
            From `harness.experiment.declaration.declared_of`.
        n_known : int
            How many runs of the plan have results already.

        Returns
        -------
        tuple of Declaration
            All of this experiment's declarations in the store, this one last.

        Raises
        ------
        TrackingError
            The store failed.
        """
        n_runs = len(self._fingerprints)
        return declare(self._store, self.run_id, self.name, what, n_known=n_known, n_runs=n_runs)

    def describe_items(self, background: Background) -> None:
        """Store what is known of the test items.

        Raises
        ------
        TrackingError
            The store failed.
        """
        describe_items(self._store, self.run_id, background)

    def describe_tuning(self, tuning: Tuning) -> None:
        """Store what the searches found whose best settings the arms have.

        Raises
        ------
        TrackingError
            The store failed.
        """
        with explained(self._store, "store what a search found"):
            text = tuning.model_dump_json(indent=2)
            self._store.client.log_text(self.run_id, text, tags.TUNING_FILE)

    def run(self, spec: RunSpec, inputs: Sequence[DataInput] = ()) -> ActiveRun:
        """Start one run of the plan.

        Raises
        ------
        TrackingError
            The store failed.
        """
        run_id = None
        try:
            with explained(self._store, "start a run"):
                run_id = create_nested(
                    self._store, self._experiment_id, self.run_id, spec, inputs=inputs
                )
            mirror = start_wandb(self._wandb, spec, experiment=self.name, run_id=run_id)
        except HarnessError:
            self._endings.append("FAILED")
            if run_id is not None:
                close(self._store, run_id, "FAILED")
            raise
        fingerprint = self._fingerprints[spec.name]
        return ActiveRun(self._store, run_id, fingerprint, self._endings.append, mirror)

    def reuse(self, spec: RunSpec, source_id: str) -> RunRecord:
        """Let an earlier run with the same fingerprint stand in for one of the plan.

        A light copy is nested here: parameters, final metrics and a pointer to the earlier
        run, which keeps its artifacts.

        Returns
        -------
        RunRecord
            The earlier run's results, as this ablation's.

        Raises
        ------
        TrackingError
            The store failed, or the earlier run's predictions are gone.
        """
        record = read_run(self._store, source_id)
        with explained(self._store, "reuse a run"):
            source = self._store.client.get_run(source_id)
            run_id = create_nested(
                self._store,
                self._experiment_id,
                self.run_id,
                spec,
                extra_tags={tags.REUSED_FROM: source_id},
            )
            write(self._store, run_id, metrics=metric_entities(source.data.metrics))
        close(self._store, run_id, "FINISHED")
        # by the earlier run's id, so that it is there once, however often it is reused
        mirror = start_wandb(self._wandb, spec, experiment=self.name, run_id=source_id)
        if mirror is not None:
            mirror.copy(read_curves(self._store, source_id), source.data.metrics)
        fingerprint = self._fingerprints[spec.name]
        return replace(
            record,
            arm=spec.arm.name,
            seed=spec.seed,
            status="reused",
            fingerprint=fingerprint,
            run_id=run_id,
        )

    def finish(
        self, report: Path, *, headline: Mapping[str, float] | None = None, description: str = ""
    ) -> None:
        """Store the report.

        Parameters
        ----------
        report : Path
            Folder whose content becomes artifacts of the parent run.
        headline : mapping, optional
            The few numbers that belong into MLflow's table of runs.
        description : str, optional
            The verdict as Markdown, shown on top of the parent run.

        Raises
        ------
        TrackingError
            The store failed.
        """
        note = {tags.NOTE: description[:_MAX_NOTE]} if description else {}
        with explained(self._store, "store the report"):
            self._store.client.log_artifacts(self.run_id, str(report))
            write(self._store, self.run_id, metrics=metric_entities(headline or {}), tags=note)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        failed = sum(ending != "FINISHED" for ending in self._endings)
        ending: Ending = "FAILED" if failed else "FINISHED"
        reason = f"{failed} of {len(self._endings)} runs failed" if failed else ""
        if error is not None:
            ending = "FAILED" if isinstance(error, Exception) else "KILLED"
            reason = reason_of(error)
        try:
            with explained(self._store, "end the ablation"):
                if error is not None:
                    text = "".join(traceback.format_exception(error))
                    self._store.client.log_text(self.run_id, text, tags.ERROR_FILE)
                write(self._store, self.run_id, tags={tags.REASON: reason} if reason else {})
            close(self._store, self.run_id, ending)
        except HarnessError as problem:
            if error is None:
                raise
            error.add_note(f"Besides, {problem}")


def start_ablation(
    store: Store,
    plan: Plan,
    *,
    plan_hash: str,
    fingerprints: Mapping[str, str],
    inputs: Sequence[DataInput] = (),
) -> Ablation:
    """Start an ablation: the run that `mlflow run` opened for it, or else a new one.

    A new one goes to the MLflow experiment that `MLFLOW_EXPERIMENT_NAME` or
    `MLFLOW_EXPERIMENT_ID` says, else to the one called like the experiment.

    Parameters
    ----------
    store : Store
    plan : Plan
    plan_hash : str
        Identity of the plan.
    fingerprints : mapping
        From `RunSpec.name` to the run's fingerprint, for every run of the plan.
    inputs : sequence of DataInput, optional
        Data sets that all runs read.

    Raises
    ------
    TrackingError
        The store failed, or the environment names an MLflow experiment that does not exist.
    """
    environment = describe_environment()
    own_tags = {
        tags.KIND: "ablation",
        tags.EXPERIMENT: plan.experiment.name,
        tags.PLAN: plan_hash,
        tags.NOTE: plan.experiment.question[:_MAX_NOTE],
        **process_tags(),
        **summary_tags(environment),
    }
    with explained(store, "start an ablation"):
        opened = opened_by_mlflow(store)
        name = plan.experiment.name
        experiment_id = opened.info.experiment_id if opened else experiment_for(store, name)
        stale = mark_stale_runs(store, experiment_id)
        run_id = parent_run(store, opened, experiment_id, name, own_tags)
        client = store.client
        resolved = plan.experiment.model_dump(mode="json")
        text = yaml.safe_dump(resolved, sort_keys=False, allow_unicode=True, width=100)
        client.log_text(run_id, text, tags.EXPERIMENT_FILE)
        client.log_text(run_id, _json(plan_tree(plan, plan_hash, fingerprints)), tags.PLAN_FILE)
        client.log_text(run_id, _json(environment), tags.ENVIRONMENT_FILE)
        if inputs:
            client.log_inputs(run_id, datasets=[dataset_input(data) for data in inputs])
    wandb = plan.experiment.wandb
    return Ablation(store, experiment_id, run_id, name, fingerprints, stale, wandb)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
