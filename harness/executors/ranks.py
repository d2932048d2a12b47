"""Several processes that train one run together, as `torchrun` or `accelerate launch` start them.

The first process does what it would do alone: plans, tracks, generates, reports. It announces
each run before it trains it, and the others train along. Each holds a copy of the model and
takes its part of every batch, so the result is that of one process but for rounding.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from harness.errors import TrainingDivergedError
from harness.executors.bases import Bases
from harness.experiment import RunSpec
from harness.run import train_along
from harness.training.arguments import processes

if TYPE_CHECKING:
    from harness.data import Dataset
    from harness.training import Checkpoints

__all__ = ["announce", "follow", "is_follower", "join"]


def is_follower() -> bool:
    """Whether this process only trains along."""
    return processes() > 1 and int(os.environ.get("RANK", "0")) > 0


def join(device: str) -> None:
    """Meet the other processes that train along, if there are any, on this kind of device."""
    if processes() > 1:
        from accelerate import PartialState

        # the others wait while the first one generates, for as long as that takes
        PartialState(cpu=device == "cpu", timeout=timedelta(days=1))


def announce(name: str | None) -> None:
    """Tell the other processes which run is trained next, or that there is none."""
    if processes() > 1:
        _exchanged(name)


def follow(
    runs: Sequence[RunSpec],
    *,
    datasets: Mapping[str, Dataset],
    bases: Bases,
    checkpoints: Mapping[str, Checkpoints | None],
) -> None:
    """Train along with the first process until it has no more runs.

    Parameters
    ----------
    runs : sequence of RunSpec
        All that may be announced.
    datasets : mapping
        From arm name to its items.
    bases : Bases
        This process's base model.
    checkpoints : mapping
        From run name to where its checkpoints are.
    """
    known = {run.name: run for run in runs}
    while (name := _exchanged(None)) is not None:
        spec = known[name]
        try:
            train_along(spec, datasets[spec.arm.name], bases.get(spec), checkpoints[name])
        except TrainingDivergedError:  # it did so everywhere; the first process says so
            bases.drop()


def _exchanged(value: str | None) -> str | None:
    """The first process's value, in every process."""
    import torch
    from accelerate.utils import broadcast_object_list

    join("cuda" if torch.cuda.is_available() else "cpu")  # unless they have met already
    values: list[Any] = [value]
    broadcast_object_list(values)
    found: str | None = values[0]
    return found
