"""Runs in this process, one after another."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from harness.data import Dataset
from harness.errors import TrainingDivergedError
from harness.executors.bases import Bases
from harness.executors.ranks import announce
from harness.experiment import RunSpec
from harness.progress import Progress, scores_text
from harness.results import RunRecord
from harness.run import RunOutput, execute
from harness.steps import Listener
from harness.tracking import ActiveRun, DataInput, reason_of
from harness.training.arguments import processes

if TYPE_CHECKING:
    from harness.generation import PartialAnswers
    from harness.models.base import BaseModel
    from harness.tracking import Ablation
    from harness.training import Checkpoints

__all__ = ["run_inline"]


def run_inline(
    runs: Iterable[RunSpec],
    *,
    datasets: Mapping[str, Dataset],
    inputs: Mapping[str, Sequence[DataInput]],
    ablation: Ablation,
    fingerprints: Mapping[str, str],
    progress: Progress,
    bases: Bases,
    checkpoints: Mapping[str, Checkpoints | None],
    partial: Mapping[str, PartialAnswers] = MappingProxyType({}),
) -> Iterator[RunRecord]:
    """Execute runs in order, and yield each one's record when it has ended.

    A run that fails, for whatever reason, is a record with that reason; the next one
    goes on. Only an interrupt by the person ends the iteration; and, where several processes
    train together, a failure that the others may not have had.

    Parameters
    ----------
    runs : iterable of RunSpec
        Those with the same base model should follow each other. The next one is asked for when
        the record of the last one has been taken.
    datasets, inputs : mapping
        From arm name to its items, and to what tracking is told about them.
    fingerprints : mapping
        From run name to the run's identity.
    checkpoints : mapping
        From run name to where its training leaves checkpoints, and goes on from those that
        an interrupted one has left, if anywhere.
    partial : mapping
        From run name to where test answers are kept that a run has so far, if anywhere.
    """
    for spec in runs:
        progress.start(spec.name)
        started = time.monotonic()
        run_id: str | None = None
        try:
            with ablation.run(spec, inputs[spec.arm.name]) as tracked:
                run_id = tracked.run_id
                base, own = bases.get(spec), checkpoints[spec.name]
                announce(spec.name)
                kept = partial.get(spec.name)
                output = _run(spec, datasets[spec.arm.name], tracked, progress, base, own, kept)
        except Exception as error:
            if processes() > 1 and not isinstance(error, TrainingDivergedError):
                raise
            bases.drop()  # whatever the failure left on it must not reach the next run
            reason = reason_of(error)
            progress.finish(f"failed: {reason}")
            record = RunRecord(
                spec.arm.name, spec.seed, "failed", fingerprints[spec.name], reason, run_id
            )
        else:
            seconds = time.monotonic() - started
            progress.finish(f"{scores_text(output.metrics)}  ({seconds:.0f} s)")
            record = RunRecord(
                spec.arm.name,
                spec.seed,
                "finished",
                fingerprints[spec.name],
                run_id=run_id,
                metrics=output.metrics,
                predictions=output.predictions,
            )
        yield record
    announce(None)


def _run(
    spec: RunSpec,
    dataset: Dataset,
    tracked: ActiveRun,
    progress: Progress,
    base: BaseModel,
    checkpoints: Checkpoints | None,
    partial: PartialAnswers | None,
) -> RunOutput:
    if (
        checkpoints is not None
        and checkpoints.folder.is_dir()
        and any(checkpoints.folder.iterdir())
    ):
        progress.say(f"{spec.name}: goes on from its last checkpoint")
    with tempfile.TemporaryDirectory(prefix="harness-run-") as folder:
        listener = Listener(progress.stage, tracked.log)
        model = Path(folder) / "model"
        output = execute(spec, dataset, base, listener, model, checkpoints, partial)
        tracked.finish(output.metrics, output.predictions, artifacts=Path(folder))
    if checkpoints is not None:  # everything is stored: there is nothing left to go on from
        shutil.rmtree(checkpoints.folder, ignore_errors=True)
    if partial is not None:
        partial.remove()
    return output
