"""A search in MLflow: a run for each study, nested in the search, and in it a run for each trial.

A study's run is found again by whoever goes on with the study, so that all its trials are in one
place, however many workers and starts it took.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import yaml

from harness.errors import HarnessError
from harness.experiment.plan import Arm, Plan
from harness.experiment.tuning import Tuning
from harness.tracking import tags
from harness.tracking.inputs import DataInput, as_parameters, dataset_input
from harness.tracking.placement import experiment_for, opened_by_mlflow, parent_run
from harness.tracking.provenance import describe_environment, process_tags, summary_tags
from harness.tracking.reading import find_run
from harness.tracking.run import ActiveRun, Ending, close, metric_entities, reason_of
from harness.tracking.stale import mark_stale_runs
from harness.tracking.store import Store, explained, search, write

__all__ = ["TrackedSearch", "start_search"]


class TrackedSearch:
    """A search that this process works on; use it in a `with` block.

    Attributes
    ----------
    run_id : str
        The run of this worker, in which the studies that it began are nested.
    """

    def __init__(self, store: Store, experiment_id: str, run_id: str) -> None:
        self.run_id = run_id
        self._store, self._experiment_id = store, experiment_id

    def study(self, arm: Arm, name: str, known: str | None, inputs: Sequence[DataInput]) -> str:
        """The run of an arm's study: the one that an earlier worker began, or a new one.

        Parameters
        ----------
        arm : Arm
        name : str
            The study's, in the search's storage.
        known : str or None
            Id of the run that the storage knows of; one that was deleted is not used again.
        inputs : sequence of DataInput
            Items that its trials read.

        Raises
        ------
        TrackingError
            The store failed.
        """
        with explained(self._store, "start a study"):
            run = None if known is None else find_run(self._store, known)
            if known is not None and run is not None and run.info.lifecycle_stage == "active":
                write(self._store, known, tags=process_tags())
                self._store.client.update_run(known, status="RUNNING")
                return known
            own = {tags.KIND: "study", tags.ARM: arm.name, tags.STUDY: name}
            run_id = self._child(self.run_id, arm.name, own)
            first = self._first_of(name)
            if first != run_id:  # another worker began the same study at the same moment
                self._store.client.delete_run(run_id)
                return first
            levels = {f"factor.{factor}": label for factor, label in arm.levels.items()}
            write(self._store, run_id, params=as_parameters(levels.items()))
            if inputs:
                self._store.client.log_inputs(
                    run_id, datasets=[dataset_input(one) for one in inputs]
                )
            return run_id

    def trial(self, study_run: str, arm: Arm, number: int, params: Mapping[str, Any]) -> ActiveRun:
        """Start the run of a trial.

        Raises
        ------
        TrackingError
            The store failed.
        """
        own = {tags.KIND: "trial", tags.ARM: arm.name, tags.TRIAL: str(number)}
        with explained(self._store, "start a trial"):
            run_id = self._child(study_run, f"{arm.name} / trial {number}", own)
            write(self._store, run_id, params=as_parameters(params.items()))
        return ActiveRun(self._store, run_id, "", lambda ending: None)

    def end_study(self, run_id: str, metrics: Mapping[str, float], note: str) -> None:
        """End the run of a study whose budget is spent.

        Raises
        ------
        TrackingError
            The store failed.
        """
        with explained(self._store, "end a study"):
            write(self._store, run_id, metrics=metric_entities(metrics), tags={tags.NOTE: note})
        close(self._store, run_id, "FINISHED")

    def finish(self, tuning: Tuning, headline: Mapping[str, float], note: str) -> None:
        """Store what was found.

        Raises
        ------
        TrackingError
            The store failed.
        """
        with explained(self._store, "store what a search found"):
            text = tuning.model_dump_json(indent=2)
            self._store.client.log_text(self.run_id, text, tags.TUNING_FILE)
            metrics = metric_entities(headline)
            write(self._store, self.run_id, metrics=metrics, tags={tags.NOTE: note})
            mark_stale_runs(self._store, self._experiment_id)  # of workers killed meanwhile

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        ending: Ending = "FINISHED"
        if error is not None:
            ending = "FAILED" if isinstance(error, Exception) else "KILLED"
        try:
            if error is not None:
                with explained(self._store, "end the search"):
                    write(self._store, self.run_id, tags={tags.REASON: reason_of(error)})
            close(self._store, self.run_id, ending)
        except HarnessError as problem:
            if error is None:
                raise
            error.add_note(f"Besides, {problem}")

    def _first_of(self, study: str) -> str:
        """The oldest run of a study in this MLflow experiment."""
        every = search(self._store, f"tags.`{tags.KIND}` = 'study'", [self._experiment_id])
        found = [run for run in every if run.data.tags.get(tags.STUDY) == study]
        oldest = min(found, key=lambda run: (run.info.start_time, run.info.run_id))
        run_id: str = oldest.info.run_id
        return run_id

    def _child(self, parent: str, name: str, own: Mapping[str, str]) -> str:
        from mlflow.tracking.context.registry import resolve_tags

        run = self._store.client.create_run(
            self._experiment_id,
            tags=resolve_tags({tags.PARENT: parent, **own, **process_tags()}),
            run_name=name,
        )
        run_id: str = run.info.run_id
        return run_id


def start_search(store: Store, plan: Plan, notes: Iterable[str] = ()) -> TrackedSearch:
    """Start a search: the run that `mlflow run` opened for it, or else a new one.

    Parameters
    ----------
    store : Store
    plan : Plan
    notes : iterable of str
        What the run's page says.

    Raises
    ------
    TrackingError
        The store failed, or the environment names an MLflow experiment that does not exist.
    """
    name = plan.experiment.name
    own = {
        tags.KIND: "search",
        tags.EXPERIMENT: name,
        tags.NOTE: "\n".join(notes),
        **process_tags(),
        **summary_tags(describe_environment()),
    }
    with explained(store, "start a search"):
        opened = opened_by_mlflow(store)
        experiment_id = opened.info.experiment_id if opened else experiment_for(store, name)
        mark_stale_runs(store, experiment_id)
        run_id = parent_run(store, opened, experiment_id, f"{name} search", own)
        resolved = plan.experiment.model_dump(mode="json")
        text = yaml.safe_dump(resolved, sort_keys=False, allow_unicode=True, width=100)
        store.client.log_text(run_id, text, tags.EXPERIMENT_FILE)
    return TrackedSearch(store, experiment_id, run_id)
