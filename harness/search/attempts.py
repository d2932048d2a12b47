"""A study's trials as they happen: settings put into the arm, trained, scored, tracked.

Holds the training and validation items of one arm; the test items are out of its reach.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import optuna

from harness.data import TrainingItems
from harness.executors.bases import Bases
from harness.experiment import Arm, RunSpec
from harness.experiment.load import resolve_base
from harness.fitting import check_fit
from harness.metrics import METRICS
from harness.models.sources import ModelSource, find_model
from harness.progress import Progress
from harness.search.trial import score_trial
from harness.search.worker import ArmStudy, Ask
from harness.steps import Listener
from harness.tracking import ActiveRun, TrackedSearch, reason_of, tags

__all__ = ["Attempts", "logged_name", "metric_name"]


@dataclass(frozen=True)
class Attempts:
    """What the trials of one arm need.

    Attributes
    ----------
    study : ArmStudy
    items : TrainingItems
        The arm's.
    metric : str
        What is optimized.
    source : ModelSource
        Where the arm's base model was found.
    bases : Bases
        The base model in memory.
    tracked : TrackedSearch
    study_run : str
        The study's MLflow run.
    progress : Progress
    """

    study: ArmStudy
    items: TrainingItems
    metric: str
    source: ModelSource
    bases: Bases
    tracked: TrackedSearch
    study_run: str
    progress: Progress

    def __call__(self, ask: Ask) -> float:
        """Train and score one trial's settings; what is raised says how it ended otherwise."""
        arm = self.study.arm
        config = resolve_base(arm.config, [ask.params], f"trial {ask.number}")
        self.progress.start(f"{arm.name} / trial {ask.number}")
        started = time.monotonic()
        try:
            with self.tracked.trial(self.study_run, arm, ask.number, ask.params) as run:
                ask.trial.set_user_attr("mlflow_run", run.run_id)
                value = self._tracked(ask, replace(arm, config=config), run)
        except optuna.TrialPruned as error:
            self.progress.finish(f"given up: {error}")
            raise
        except Exception as error:
            self.bases.drop()  # whatever the failure left on it must not reach the next trial
            self.progress.finish(f"failed: {reason_of(error)}")
            raise
        seconds = time.monotonic() - started
        self.progress.finish(f"{metric_name(self.metric)} {value:.4g}  ({seconds:.0f} s)")
        return value

    def _tracked(self, ask: Ask, arm: Arm, run: ActiveRun) -> float:
        """The trial's value, averaged over its seeds, once it is stored."""
        values: list[float] = []
        seen: list[float] = []
        # not the curve's name: MLflow would show the last point of the first seed's curve
        name = f"trial_{logged_name(self.metric)}"
        try:
            for seed in self.study.search.seeds:
                values.append(self._scored(ask, RunSpec(arm, seed), run, seen))
        except optuna.TrialPruned:
            run.complete({name: seen[-1]}, {tags.TRIAL_STATE: "pruned"})
            raise
        value = statistics.fmean(values)
        if not math.isfinite(value):
            run.fail("its validation score is not a number")
        else:
            run.complete({name: value}, {tags.TRIAL_STATE: "complete"})
        return value

    def _scored(self, ask: Ask, spec: RunSpec, run: ActiveRun, seen: list[float]) -> float:
        """The value of one seed; the first one is heard, and may be given up.

        Evaluations are counted rather than named by their optimizer step: trials with another
        batch size are at other steps then, and no pruner could compare them.
        """
        first = spec.seed == self.study.search.seeds[0]

        def report(step: int, value: float) -> None:
            seen.append(value)
            ask.trial.report(value, len(seen))
            if ask.trial.should_prune():
                text = f"{metric_name(self.metric)} {value:.4g} at evaluation {len(seen)}"
                raise optuna.TrialPruned(text)

        source = self._source_of(spec.arm)
        if first:
            check_fit(spec.arm.config, source, self.items)
        self.bases.use(spec.arm.name, source)
        return score_trial(
            spec,
            self.items,
            self.bases.get(spec),
            self.metric,
            Listener(self.progress.stage, run.log if first else _unheard),
            report if first and self.study.search.pruner != "none" else None,
        )

    def _source_of(self, arm: Arm) -> ModelSource:
        """The base model's place, looked for again if the trial chose another model."""
        own, chosen = self.study.arm.config.model, arm.config.model
        places = [(one.name, one.revision, one.gguf_file) for one in (own, chosen)]
        return self.source if places[0] == places[1] else find_model(chosen)


def logged_name(metric: str) -> str:
    """A metric of the validation items as MLflow has it."""
    return f"validation_{metric.removeprefix('validation_')}"


def metric_name(metric: str) -> str:
    """A metric of the validation items, for people."""
    return f"validation {METRICS[metric].label if metric in METRICS else 'loss'}"


def _unheard(step: int, values: Mapping[str, Any]) -> None:
    """Curves of a trial's further seeds are not kept."""
