"""The runs of a plan in Weights & Biases, next to MLflow: parameters, curves, final scores.

Artifacts, reports and searches are in MLflow alone, and nothing is read back from here.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import ExperimentError, TrackingError
from harness.experiment.plan import RunSpec
from harness.experiment.schema import WeightsAndBiases
from harness.results import Curve

if TYPE_CHECKING:
    from wandb import Run

__all__ = ["WandbRun", "check_wandb", "start_wandb"]

_KILLED = 255  # the exit code by which W&B itself marks an interrupted run


class WandbRun:
    """A run there, which ends once.

    Parameters
    ----------
    run : wandb.Run
    """

    def __init__(self, run: Run) -> None:
        self._run: Run | None = run

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Add points to curves."""
        if self._run is not None:
            with _explained():
                self._run.log(dict(values), step=step)

    def copy(self, curves: Mapping[str, Curve], summary: Mapping[str, float]) -> None:
        """Store what a run that finished earlier has, and end."""
        points: dict[int, dict[str, float]] = {}
        for name, curve in curves.items():
            for step, value in curve:
                points.setdefault(step, {})[name] = value
        for step in sorted(points):
            self.log(step, points[step])
        self.end("FINISHED", summary)

    def end(
        self,
        ending: str,
        summary: Mapping[str, float] | None = None,
        reason: str | None = None,
    ) -> None:
        """Store the final numbers, or why there are none, and end the run; a second time is none.

        Parameters
        ----------
        ending : {"FINISHED", "FAILED", "KILLED"}
        summary : mapping, optional
            Final scores and costs.
        reason : str, optional
            Why it did not finish.
        """
        run, self._run = self._run, None
        if run is None:
            return
        with _explained():
            run.summary.update(dict(summary or {}))
            if reason is not None:
                run.summary.update({"reason": reason})
            run.finish(exit_code={"FINISHED": 0, "KILLED": _KILLED}.get(ending, 1))


def check_wandb(settings: WeightsAndBiases | None) -> None:
    """See that runs can be shown there, before anything is trained.

    Raises
    ------
    ExperimentError
        The library is not installed.
    TrackingError
        It has no key for the service.
    """
    if settings is None or settings.mode == "disabled":
        return
    if importlib.util.find_spec("wandb") is None:
        raise ExperimentError(
            "Weights & Biases is asked for, but not installed",
            where="wandb",
            fix="pip install 'ablation-harness[wandb]', or set wandb.mode: disabled",
        )
    if settings.mode == "offline":
        return
    import wandb

    with _explained():
        known = wandb.login(prompt=False)
    if not known:
        raise TrackingError(
            "Weights & Biases has no key to log in with",
            where="wandb.mode: online",
            fix="set WANDB_API_KEY or run `wandb login`; or set wandb.mode: offline, and send the"
            " runs later with `wandb sync`",
        )


def start_wandb(
    settings: WeightsAndBiases | None,
    spec: RunSpec,
    *,
    experiment: str,
    run_id: str,
) -> WandbRun | None:
    """Start the run there that stands for one of the plan, if that is asked for.

    Parameters
    ----------
    settings : WeightsAndBiases or None
    spec : RunSpec
    experiment : str
        The experiment's name, by which runs are grouped unless the settings say otherwise.
    run_id : str
        The run's id in MLflow, which is its id here too.

    Raises
    ------
    TrackingError
        It cannot be started.
    """
    if settings is None or settings.mode == "disabled":
        return None
    import wandb

    folder = Path(settings.folder or os.environ.get("WANDB_DIR") or ".").absolute()
    with _explained():
        (folder / "wandb").mkdir(parents=True, exist_ok=True)  # W&B would go elsewhere unsaid
        run = wandb.init(
            project=settings.project,
            entity=settings.entity,
            group=settings.group or experiment,
            job_type=settings.job_type,
            name=f"{settings.name} / {spec.name}" if settings.name else spec.name,
            tags=list(settings.tags),
            mode=settings.mode,
            dir=folder,
            id=run_id,
            resume="allow" if settings.mode == "online" else None,
            reinit="create_new",  # whoever calls the harness may have a run of their own
            config=_config(spec) | {"mlflow_run": run_id},
            settings=wandb.Settings(
                silent=True, console="off", save_code=False, disable_git=True, disable_code=True
            ),
        )
    return WandbRun(run)


def _config(spec: RunSpec) -> dict[str, Any]:
    """The parameters that MLflow has, as a tree with its types; what is not set is left out."""
    config = spec.arm.config.model_dump(mode="json")
    return {"factor": dict(spec.arm.levels), "seed": spec.seed, **_set(config)}


def _set(tree: Mapping[str, Any]) -> dict[str, Any]:
    inner = {key: _set(one) if isinstance(one, dict) else one for key, one in tree.items()}
    return {key: one for key, one in inner.items() if one not in (None, {}, [])}


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """What W&B raises, as an error of this project."""
    import wandb

    try:
        yield
    except (wandb.Error, OSError) as error:
        raise TrackingError(
            "Weights & Biases failed",
            where="wandb",
            got=str(error) or type(error).__name__,
            fix="set wandb.mode: offline, and send the runs later with `wandb sync`",
        ) from error
