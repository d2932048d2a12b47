"""Invented searches: what an arm tried, written as values with as little as a test is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.experiment.tuning import ArmTuning, Tuning

__all__ = ["RATE", "SPACE", "arm_of", "tuning_of"]

RATE = "training.learning_rate"
SPACE: Mapping[str, Any] = {
    RATE: {"kind": "float", "low": 1e-5, "high": 1e-1, "log": True},
    "training.epochs": {"kind": "int", "low": 1, "high": 5},
}


def arm_of(
    values: Sequence[float | None],
    *,
    default: float | None = None,
    space: Mapping[str, Any] = SPACE,
    params: Sequence[Mapping[str, Any]] = (),
    pruned: Sequence[int] = (),
    loss: bool = False,
    **changes: Any,
) -> ArmTuning:
    """An arm with one trial for each value, None being a failed one.

    The trial of the file's own settings comes first if `default` is given; `params` are those of
    the others, and `pruned` the numbers of trials that were given up.
    """
    every = list(values) if default is None else [default, *values]
    first = [] if default is None else [{RATE: 1e-3, "training.epochs": 3}]
    own = [*first, *(params or [{RATE: 1e-3, "training.epochs": 2}] * len(values))]
    trials: list[dict[str, Any]] = []
    for number, (value, settings) in enumerate(zip(every, own, strict=True)):
        state = "failed" if value is None else "pruned" if number in pruned else "complete"
        trials.append(
            {
                "number": number,
                "params": settings,
                "state": state,
                "value": value,
                "seconds": 60.0,
                "reason": "out of memory in a test" if value is None else None,
                "default": default is not None and number == 0,
            }
        )
    done = [one for one in trials if one["state"] == "complete"]
    choose = min if loss else max
    best = choose(done, key=lambda one: one["value"])["number"] if done else None
    tree = {"study": "s", "space": space, "trials": trials, "budget_trials": len(trials)}
    return ArmTuning.model_validate(tree | {"best": best} | changes)


def tuning_of(arms: Mapping[str, ArmTuning], **changes: Any) -> Tuning:
    """Random search on F1; `metric="validation_loss"` is minimized."""
    loss = changes.get("metric") == "validation_loss"
    usual = {
        "metric": "f1",
        "direction": "minimize" if loss else "maximize",
        "sampler": "random",
        "pruner": "none",
        "seeds": (1000,),
        "storage": "sqlite:///search.db",
        "arms": dict(arms),
    }
    return Tuning(**(usual | changes))
