"""The callback through which a training is heard, and stopped when it diverges."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.errors import TrainingDivergedError
from harness.training.checkpoints import seal

__all__ = ["OnLog", "OnStep", "check_finite", "listener"]

OnLog = Callable[[int, Mapping[str, float]], None]
OnStep = Callable[[int, int], None]

_NAMES = {"loss": "train_loss", "learning_rate": "learning_rate", "grad_norm": "gradient_norm"}
_FINITE = ("train_loss", "validation_loss", "gradient_norm")
_OF_THE_TRAINER = ("runtime", "samples_per_second", "steps_per_second")


def listener(on_log: OnLog, on_step: OnStep) -> Any:
    """A callback for `transformers.Trainer`.

    Its attribute `seconds` is the wall time of the training, earlier parts of a training
    that was interrupted and goes on included.
    """
    from transformers import TrainerCallback
    from transformers.trainer_callback import ExportableState

    class Listener(TrainerCallback, ExportableState):
        """Passes the trainer's events on; its clock is part of a checkpoint."""

        def __init__(self) -> None:
            self._before, self._started = 0.0, time.perf_counter()

        @property
        def seconds(self) -> float:
            """Wall time so far."""
            return self._before + time.perf_counter() - self._started

        @seconds.setter
        def seconds(self, value: float) -> None:
            self._before, self._started = value, time.perf_counter()

        def state(self) -> dict[str, Any]:
            """What a checkpoint keeps."""
            return {"args": {}, "attributes": {"seconds": self.seconds}}

        def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            values = _renamed(kwargs["logs"])
            if values:  # first, so that the curve shows where it broke
                on_log(state.global_step, values)
            for name in _FINITE:
                check_finite(name, values.get(name, 0.0), state.global_step)

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            on_step(state.global_step, state.max_steps)

        def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            args.distributed_state.wait_for_everyone()  # each process writes its random state
            # the trainer, going on from the very end, would take one more step
            if args.should_save and not control.should_training_stop:
                seal(Path(args.output_dir) / f"checkpoint-{state.global_step}")

    return Listener()


def check_finite(name: str, value: float, step: int) -> None:
    """Stop a training whose numbers are no numbers any more.

    Raises
    ------
    TrainingDivergedError
        The value is NaN or infinite.
    """
    if not math.isfinite(value):
        raise TrainingDivergedError(
            f"training diverged: {name} was {value} at step {step}; lower training.learning_rate"
            " or training.max_grad_norm, or give it more training.warmup_steps"
        )


def _renamed(logs: Mapping[str, float]) -> dict[str, float]:
    values = {}
    for key, value in logs.items():
        if key in _NAMES:
            values[_NAMES[key]] = float(value)
        elif key.startswith("eval_") and not key.endswith(_OF_THE_TRAINER):
            values[f"validation_{key.removeprefix('eval_')}"] = float(value)
    return values
