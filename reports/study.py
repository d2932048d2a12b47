"""What is compared and by which rules: all that an analysis needs to know of an experiment.

An ablation's study comes from its plan; predictions that somebody else made can have one too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import yaml

from harness.audit.background import Background
from harness.experiment import Contrast, Hypothesis, Plan, changed_paths
from harness.experiment.declaration import Declaration
from harness.experiment.schema import OpinionName
from harness.experiment.tuning import Tuning

__all__ = ["Study", "study_of"]


@dataclass(frozen=True)
class Study:
    """A question with the arms, seeds and hypotheses that answer it.

    Attributes
    ----------
    name, question : str
        Short, and in words.
    arms : tuple of str
        In display order.
    seeds : tuple of int
    hypotheses : tuple of Hypothesis
        The declared family.
    primary : str
        Metric that is shown first.
    alpha, power : float
        Two-sided error rate of the family, and power of what is said to be needed.
    sequential : bool
        Whether looks were planned after each round of seeds; alpha is shared by them.
    opinions : tuple of str
        Names of second opinions to give, see `reports.opinions.OPINIONS`.
    factors : mapping of str to tuple of str
        Levels of each factor, whose combinations the arms are; empty where arms are no such thing.
    notes : tuple of str
        What a reader should know before believing it that no score tells.
    facts : mapping of str to str
        What it takes to do it again, by its name on the page; long texts are folded.
    history : tuple of Declaration
        What was declared before there were results, and later; empty where nothing was.
    declared : bool
        Whether the hypotheses were put down by a plan that also trained the arms, rather than
        beside predictions that were there before.
    background : Background or None
        What is known of the test items besides their scores.
    limits : mapping of str to int
        By arm, the tokens that a prompt is cut to; empty where nothing is known of prompts.
    tuning : Tuning or None
        What the search of each arm found; None where the arms are as the file has them.
    """

    name: str
    question: str
    arms: tuple[str, ...]
    seeds: tuple[int, ...]
    hypotheses: tuple[Hypothesis, ...]
    primary: str
    alpha: float = 0.05
    power: float = 0.8
    sequential: bool = False
    opinions: tuple[OpinionName, ...] = ("sign_flip", "mcnemar", "bootstrap", "randomization")
    factors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    history: tuple[Declaration, ...] = ()
    declared: bool = True
    background: Background | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    tuning: Tuning | None = None

    @property
    def contrasts(self) -> dict[tuple[str, str], Contrast]:
        """The declared contrasts, each once per metric, by name and metric."""
        return {(h.contrast.name, h.metric): h.contrast for h in self.hypotheses}


def study_of(
    plan: Plan,
    history: Sequence[Declaration] = (),
    background: Background | None = None,
    tuning: Tuning | None = None,
) -> Study:
    """The study that an experiment's plan makes.

    Parameters
    ----------
    plan : Plan
    history : sequence of Declaration
        What the experiment declared so far, oldest first.
    background : Background, optional
        What is known of the test items.
    tuning : Tuning, optional
        What the arms were tuned by, if they were.
    """
    experiment, analysis = plan.experiment, plan.experiment.analysis
    tree = experiment.model_dump(mode="json", exclude_none=True)
    text = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=100)
    return Study(
        name=experiment.name,
        question=experiment.question,
        arms=tuple(arm.name for arm in plan.arms),
        seeds=experiment.seeds,
        hypotheses=plan.hypotheses,
        primary=analysis.primary,
        alpha=analysis.alpha,
        power=analysis.power,
        sequential=analysis.sequential,
        opinions=analysis.second_opinions,
        factors={name: tuple(axis.levels) for name, axis in experiment.factors.items()},
        notes=_debugging(plan),
        facts={
            "Arms differ in": ", ".join(changed_paths(plan.arms)) or "nothing",
            "Experiment, with all defaults": text,
        },
        history=tuple(history),
        background=background,
        limits={arm.name: arm.config.prompt.max_tokens for arm in plan.arms},
        tuning=tuning,
    )


def _debugging(plan: Plan) -> tuple[str, ...]:
    arms = [arm.name for arm in plan.arms if arm.config.training.overfit_batches]
    if not arms:
        return ()
    whose = "all arms" if len(arms) == len(plan.arms) else ", ".join(arms)
    return (
        "For debugging only: training.overfit_batches restricted the training of "
        f"{whose} to a few batches.",
    )
