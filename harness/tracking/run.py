"""One run of an ablation while it happens: a nested MLflow run that ends in exactly one way.

It counts as finished only when everything it should hold is stored; whatever happens
before that leaves it failed or killed, and never to be reused.
"""

from __future__ import annotations

import re
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from harness.errors import HarnessError, InputError
from harness.experiment.plan import RunSpec
from harness.tracking import tags
from harness.tracking.inputs import DataInput, dataset_input, parameters
from harness.tracking.provenance import process_tags
from harness.tracking.store import Store, explained, write
from harness.tracking.wandb import WandbRun

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities import Metric

__all__ = ["ActiveRun", "close", "create_nested", "metric_entities", "reason_of"]

_FLUSH_SECONDS = 5.0  # so that curves grow while one watches, at little cost
_MAX_REASON = 1000

Ending = Literal["FINISHED", "FAILED", "KILLED"]


class ActiveRun:
    """A run that is being executed; use it in a `with` block.

    An exception that leaves the block marks the run as failed, `KeyboardInterrupt` and
    `SystemExit` as killed; both go on to the caller.

    Parameters
    ----------
    store : Store
    run_id : str
        The MLflow run, which exists already.
    fingerprint : str
        Written when the run is complete.
    ended : callable
        Told once how the run ended.
    mirror : WandbRun, optional
        The same run in Weights & Biases.
    """

    def __init__(
        self,
        store: Store,
        run_id: str,
        fingerprint: str,
        ended: Callable[[Ending], None],
        mirror: WandbRun | None = None,
    ) -> None:
        self.run_id = run_id
        self.ending: Ending | None = None
        self._store, self._fingerprint, self._ended = store, fingerprint, ended
        self._mirror = mirror
        self._waiting: list[Metric] = []
        self._flushed = time.monotonic()

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Add points to curves such as `train_loss`; they are sent in batches.

        Raises
        ------
        TrackingError
            The store failed.
        """
        self._waiting += metric_entities(values, step)
        if self._mirror is not None:
            self._mirror.log(step, values)
        if time.monotonic() - self._flushed > _FLUSH_SECONDS:
            self._flush()

    def finish(
        self,
        metrics: Mapping[str, float],
        predictions: pd.DataFrame,
        *,
        artifacts: Path | None = None,
    ) -> None:
        """Store a run's results, and only then let it count as finished.

        Parameters
        ----------
        metrics : mapping
            As `RunRecord.metrics`.
        predictions : DataFrame
            As `RunRecord.predictions`; its index is not kept.
        artifacts : Path, optional
            Folder whose content becomes artifacts of the run.

        Raises
        ------
        TrackingError
            The store failed.
        """
        with explained(self._store, "store a run's results"):
            if artifacts is not None:
                self._store.client.log_artifacts(self.run_id, str(artifacts))
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / tags.PREDICTIONS
                predictions.to_parquet(path, index=False)
                self._store.client.log_artifact(self.run_id, str(path))
        self.complete(metrics, {tags.FINGERPRINT: self._fingerprint})

    def complete(self, metrics: Mapping[str, float], own_tags: Mapping[str, str]) -> None:
        """Let a run count as finished that has nothing to store but numbers: a search's trial.

        Raises
        ------
        TrackingError
            The store failed.
        """
        with explained(self._store, "store a run's numbers"):
            points = self._waiting + metric_entities(metrics)
            write(self._store, self.run_id, metrics=points, tags=own_tags)
            self._waiting = []
        self._end("FINISHED", summary=metrics)

    def fail(self, reason: str, details: str = "", *, ending: Ending = "FAILED") -> None:
        """End a run that did not get to its results.

        Parameters
        ----------
        reason : str
            Why, in a sentence: a tag, and what the report says.
        details : str, optional
            Such as a traceback: the artifact `error.txt`.
        ending : {"FAILED", "KILLED"}

        Raises
        ------
        TrackingError
            The store failed.
        """
        self._flush()
        with explained(self._store, "store why a run failed"):
            text = details or reason
            self._store.client.log_text(self.run_id, text, tags.ERROR_FILE)
            write(self._store, self.run_id, tags={tags.REASON: reason[:_MAX_REASON]})
        self._end(ending, reason=reason)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.ending is not None:
            return
        if error is None:
            self.fail("the run ended without results: `finish` was not called")
            return
        ending: Ending = "FAILED" if isinstance(error, Exception) else "KILLED"
        try:
            self.fail(reason_of(error), "".join(traceback.format_exception(error)), ending=ending)
        except HarnessError as problem:  # what went wrong first is what the person must see
            error.add_note(f"Besides, {problem}")
            if self._mirror is not None:
                self._mirror.end(ending, reason=reason_of(error))

    def _flush(self) -> None:
        with explained(self._store, "store a run's metrics"):
            write(self._store, self.run_id, metrics=self._waiting)
        self._waiting, self._flushed = [], time.monotonic()

    def _end(
        self,
        ending: Ending,
        *,
        summary: Mapping[str, float] | None = None,
        reason: str | None = None,
    ) -> None:
        close(self._store, self.run_id, ending)
        self.ending = ending
        self._ended(ending)
        if self._mirror is not None:
            self._mirror.end(ending, summary, reason)


def create_nested(
    store: Store,
    experiment_id: str,
    parent_id: str,
    spec: RunSpec,
    *,
    inputs: Sequence[DataInput] = (),
    extra_tags: Mapping[str, str] | None = None,
) -> str:
    """Start a nested MLflow run with the parameters of a plan's run; returns its id."""
    from mlflow.tracking.context.registry import resolve_tags

    own = {
        tags.PARENT: parent_id,
        tags.KIND: "run",
        tags.ARM: spec.arm.name,
        tags.SEED: str(spec.seed),
        **process_tags(),
        **(extra_tags or {}),
    }
    run = store.client.create_run(experiment_id, tags=resolve_tags(own), run_name=spec.name)
    run_id: str = run.info.run_id
    write(store, run_id, params=parameters(spec))
    if inputs:
        store.client.log_inputs(run_id, datasets=[dataset_input(data) for data in inputs])
    return run_id


def close(store: Store, run_id: str, ending: Ending) -> None:
    """Set a run's final status."""
    with explained(store, "end a run"):
        store.client.set_terminated(run_id, ending)


def metric_entities(values: Mapping[str, float], step: int = 0) -> list[Metric]:
    """MLflow's entities for values that were measured now, by names that it allows."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    return [
        Metric(re.sub(r"[^\w.\- :/]", "_", name)[:250], float(value), now, step)
        for name, value in values.items()
    ]


def reason_of(error: BaseException) -> str:
    """An exception in one sentence."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    text = str(error).strip()
    first = text.splitlines()[0] if text else ""
    if isinstance(error, InputError):
        return f"{error.what} ({error.got})" if error.got else error.what
    if isinstance(error, HarnessError) and first:
        return first
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
