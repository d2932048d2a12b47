"""What runs logged while they trained, read back from MLflow as curves.

Only the curves that a report shows; final metrics and predictions are `reading`'s work.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from harness.errors import TrackingError
from harness.results import Curve, RunRecord
from harness.tracking import tags
from harness.tracking.reading import find_run
from harness.tracking.store import Store, explained

__all__ = ["read_curves", "with_curves"]

_TRAIN_LOSS = "train_loss"
_VALIDATION = "validation_"


def with_curves(store: Store, records: Iterable[RunRecord]) -> list[RunRecord]:
    """The same records, with the curves of those that trained.

    Parameters
    ----------
    store : Store
    records : iterable of RunRecord
        One that is not in the store, is missing, or has its curves already stays as it is.

    Raises
    ------
    TrackingError
        The store failed.
    """
    return [
        one
        if one.run_id is None or one.status == "missing" or one.curves
        else replace(one, curves=read_curves(store, one.run_id))
        for one in records
    ]


def read_curves(store: Store, run_id: str) -> Mapping[str, Curve]:
    """The curves of one run, or of the run that it stands for.

    Returns
    -------
    mapping of str to tuple of (int, float)
        As `RunRecord.curves`; empty if the run that trained is gone from the store.

    Raises
    ------
    TrackingError
        The store failed, or holds no such run.
    """
    with explained(store, "read a run's curves"):
        run = find_run(store, run_id)
        if run is None:
            raise TrackingError("there is no such run", where=store.where, got=run_id)
        source = run.data.tags.get(tags.REUSED_FROM)
        if source is not None:
            run = find_run(store, source)
        if run is None:
            return {}
        names = [n for n in run.data.metrics if n == _TRAIN_LOSS or n.startswith(_VALIDATION)]
        history = store.client.get_metric_history
        return {name: _curve(history(run.info.run_id, name)) for name in sorted(names)}


def _curve(points: Iterable[Any]) -> Curve:
    """Points by step; of several at one step the newest."""
    ordered = sorted(points, key=lambda point: (point.step, point.timestamp))
    return tuple({point.step: _value(point.value) for point in ordered}.items())


def _value(stored: float) -> float:
    """A database has no infinity: MLflow writes the largest number there is instead."""
    return math.copysign(math.inf, stored) if abs(stored) == sys.float_info.max else stored
