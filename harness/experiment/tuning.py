"""What a search has found, as a value: each arm's trials, and which settings were the best.

It is stored with an ablation that uses it, so that its report can be made again without the
search's storage. How trials come about is `harness.search`'s business.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from pydantic import Field

from harness.experiment.load import resolve_base
from harness.experiment.plan import Arm, Plan, in_order
from harness.experiment.search import Direction, PrunerName, SamplerName, Space
from harness.experiment.section import Section

__all__ = ["ArmTuning", "Finding", "Trial", "TrialState", "Tuning", "tuned_plan"]


TrialState = Literal["complete", "pruned", "failed"]


class Trial(Section):
    """One try of an arm's settings."""

    number: int
    """From 0 on, in the order in which trials began; one that is tried again keeps it."""
    params: dict[str, Any]
    """Dotted path and value of everything that this trial chose."""
    state: TrialState
    value: float | None
    """Validation score or loss, averaged over the seeds; of a pruned one the last it had; None if
    it failed."""
    seconds: float
    """Wall time."""
    reason: str | None = None
    """Why it failed."""
    default: bool = False
    """Whether these are the file's own settings."""
    curve: tuple[tuple[int, float], ...] = ()
    """Number of the evaluation and value of each in between, of the first seed."""
    run_id: str | None = None
    """Its MLflow run."""


class ArmTuning(Section):
    """The search of one arm."""

    study: str
    """Its name in the search's storage."""
    space: Space
    trials: tuple[Trial, ...]
    """Those that count in the budget, by number."""
    budget_trials: int | None = None
    budget_seconds: float | None = None
    importances: dict[str, float] = Field(default_factory=dict)
    """Share of each path in what makes a trial good (PED-ANOVA), adding up to 1; empty if there
    are too few trials to tell."""
    best: int | None = None
    """Number of the best complete trial."""
    run_id: str | None = None
    """The study's MLflow run."""

    @property
    def best_trial(self) -> Trial | None:
        """The trial whose settings the ablation uses."""
        return next((one for one in self.trials if one.number == self.best), None)

    @property
    def default_trial(self) -> Trial | None:
        """The trial of the file's own settings, if they lie in the space."""
        return next((one for one in self.trials if one.default), None)


class Finding(Section):
    """What an ablation at the file's own settings says about one hypothesis."""

    hypothesis: str
    """Contrast, claim and metric, in words."""
    verdict: str
    sentence: str
    estimate: float | None
    low: float | None
    high: float | None


class Tuning(Section):
    """The searches of all arms."""

    metric: str
    """What was optimized, on the validation items: a metric, or `validation_loss`."""
    direction: Direction
    sampler: SamplerName
    pruner: PrunerName
    seeds: tuple[int, ...]
    """Seeds of training in each trial."""
    storage: str
    """Where the studies are, without password."""
    arms: dict[str, ArmTuning]
    """By arm, in the plan's order."""
    untuned: tuple[Finding, ...] = ()
    """Verdicts at the file's own settings, where these runs were there to be compared."""

    @property
    def summary(self) -> dict[str, str]:
        """How each arm was tuned, in few words."""
        return {
            name: f"{self.sampler}, pruner {self.pruner}, {self.metric}, "
            + (
                f"{one.budget_trials} trials"
                if one.budget_seconds is None
                else f"{one.budget_seconds:g} s"
            )
            for name, one in self.arms.items()
        }


def tuned_plan(plan: Plan, tuning: Tuning) -> Plan:
    """The plan with each arm at the best settings that its search found.

    Raises
    ------
    ExperimentError
        They do not fit the arm.
    """
    arms: dict[str, Arm] = {}
    for arm in plan.arms:
        best = tuning.arms[arm.name].best_trial
        params = dict(best.params) if best else {}
        config = resolve_base(arm.config, [params], f"arm {arm.name}, tuned")
        arms[arm.name] = replace(arm, config=config)
    runs = in_order((replace(run, arm=arms[run.arm.name]) for run in plan.runs), plan.experiment)
    return replace(plan, arms=tuple(arms.values()), runs=runs)
