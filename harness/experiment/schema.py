"""The experiment language: what may stand in an experiment file, with defaults.

Only rules that a single file can break live here, and in `base` for the base
configuration. Reading YAML is `load`'s work, turning factors into arms `plan`'s.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, field_validator, model_validator

from harness.experiment.base import Base
from harness.experiment.names import MetricName
from harness.experiment.search import Search
from harness.experiment.section import Section

__all__ = [
    "Analysis",
    "Claim",
    "Experiment",
    "Factor",
    "HypothesisSpec",
    "MetricName",
    "OpinionName",
    "Overrides",
    "Planning",
    "Resources",
    "WeightsAndBiases",
]

Claim = Literal["better", "different", "non_inferior", "equivalent"]
OpinionName = Literal["sign_flip", "mcnemar", "bootstrap", "randomization", "wilcoxon"]
Overrides = dict[str, Any]
Label = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^/\n]+$")]
Points = Annotated[float, Field(ge=0, le=200)]
Seed = Annotated[int, Field(ge=0, lt=2**32, strict=True)]


class Factor(Section):
    """An ablation axis: one control level and one or more treatments."""

    control: Annotated[dict[Label, Overrides], Field(min_length=1, max_length=1)]
    """The level everything is compared with: its label, and what it overrides in `base`."""
    treatments: Annotated[dict[Label, Overrides], Field(min_length=1)]
    """The other levels: their labels, and what each overrides in `base`."""

    @model_validator(mode="after")
    def _labels_differ(self) -> Factor:
        shared = set(self.control) & set(self.treatments)
        if shared:
            raise ValueError(f"the label {shared.pop()!r} is both the control and a treatment")
        return self

    @property
    def control_label(self) -> str:
        """Label of the control level."""
        return next(iter(self.control))

    @property
    def levels(self) -> dict[str, Overrides]:
        """All levels, the control first."""
        return {**self.control, **self.treatments}


class HypothesisSpec(Section):
    """A contrast and what is claimed about it."""

    factor: str | None = None
    """Main effect of this factor: each treatment against its control."""
    interaction: tuple[str, str] | None = None
    """Instead of `factor`: does the effect of the first factor depend on the second?"""
    treatment: str | None = None
    """With `factor`: only this treatment."""
    pairs: Literal["control", "all"] = "control"
    """With `factor`: each treatment against the control, or every level against every other."""
    claim: Claim
    """`better`, `different`, `non_inferior` or `equivalent`."""
    metric: MetricName | None = None
    """The metric it is about; the primary one when left out."""
    margin: Annotated[float, Field(gt=0, le=100)] | None = None
    """For `non_inferior` and `equivalent`: the largest difference that does not matter, 0-100."""

    @model_validator(mode="after")
    def _is_complete(self) -> HypothesisSpec:
        if (self.factor is None) == (self.interaction is None):
            raise ValueError("give either `factor` or `interaction`")
        if self.treatment is not None and self.factor is None:
            raise ValueError("`treatment` goes with `factor`")
        if self.pairs == "all" and (self.factor is None or self.treatment is not None):
            raise ValueError("`pairs: all` goes with `factor` alone: it compares all its levels")
        needs_margin = self.claim in ("non_inferior", "equivalent")
        if needs_margin and self.margin is None:
            raise ValueError(f"the claim {self.claim} needs a `margin` in points of the metric")
        if not needs_margin and self.margin is not None:
            raise ValueError(f"the claim {self.claim} takes no `margin`")
        return self


class Planning(Section):
    """What `harness plan` assumes; nothing of it enters a verdict."""

    effect: Annotated[float, Field(gt=0, le=100)] | None = None
    """The smallest difference that would matter, in points: how large must the design be to find
    it? Left out, that is answered for claims with a margin only."""
    item_sd: Points | None = None
    """Assumed standard deviation of one item's difference between two arms, in points; a usual
    value for F1 on SQuAD when left out, as for the next two."""
    cluster_sd: Points | None = None
    """Assumed standard deviation of the difference between outermost clusters."""
    seed_sd: Points | None = None
    """Assumed standard deviation of the mean difference between seeds."""


class Analysis(Section):
    """What is concluded from the scores, fixed before any of them exists."""

    primary: MetricName = "f1"
    """The metric that hypotheses are about unless they name another."""
    hypotheses: tuple[HypothesisSpec, ...] = ()
    """The declared family; without any, each treatment is tested as `different`."""
    alpha: Annotated[float, Field(ge=1e-6, lt=0.5)] = 0.05
    """Two-sided error rate of the whole family; intervals have level 1 - alpha."""
    power: Annotated[float, Field(gt=0.5, lt=1)] = 0.8
    """Power at which the smallest detectable effect is planned."""
    planning: Planning = Planning()
    """What `harness plan` assumes; `--pilot` takes an earlier ablation's spread instead."""
    sequential: bool = False
    """Look after each complete round of seeds from the third on, all arms together, and stop as
    soon as every hypothesis is decided; needs at least four seeds. The looks share alpha."""
    second_opinions: tuple[OpinionName, ...] = (
        "sign_flip",
        "mcnemar",
        "bootstrap",
        "randomization",
    )
    """Other tests to show, each where it fits; no verdict comes from them. `wilcoxon` is there for
    those who ask for it."""
    slices: tuple[str, ...] | None = None
    """Parts of the test items to look at: `question_word`, `answer_length`, `context_length`,
    `answer_position`, `answerable`, `answer_seen`, `overlap`, or a field of the data; those of the
    first seven that tell items apart when left out, none for []."""
    exposure_probe: bool = False
    """Ask each decoder-only base model whether it knows the order of the test items from its
    pretraining (docs/guides/pretraining-exposure.md); takes some minutes on a CPU."""
    noise_floor: bool = False
    """Generate the control's answers twice, batched differently, to see what numerics alone do."""

    @field_validator("hypotheses")
    @classmethod
    def _hypotheses_differ(
        cls, hypotheses: tuple[HypothesisSpec, ...]
    ) -> tuple[HypothesisSpec, ...]:
        if len({one.model_dump_json() for one in hypotheses}) < len(hypotheses):
            raise ValueError(
                "a hypothesis occurs twice, which would make all of them harder to show"
            )
        return hypotheses


class Resources(Section):
    """Circumstances: what may change how fast a run is, but is not part of its question."""

    threads: PositiveInt | None = None
    """CPU threads; torch's own choice when left out. One thread repeats bit for bit."""
    checkpoint_every: PositiveInt | None = None
    """Optimizer steps between checkpoints that an interrupted training goes on from; with
    `training.best`, one is written at each evaluation instead."""
    accelerator: Literal["auto", "cpu", "cuda", "tpu"] = "auto"
    """Where models are trained and answer; `auto` is a CUDA device where there is one, else the
    CPU. A TPU is taken only when it is named."""
    save_predictions_every: PositiveInt | None = None
    """While a run generates its test answers, write those it has after every so many items to
    `predictions-partial/` in the folder of results; removed when the run is complete."""


class WeightsAndBiases(Section):
    """Where runs are shown in Weights & Biases too, next to MLflow; changes no result."""

    project: Annotated[str, Field(min_length=1, max_length=128)]
    """The project there."""
    entity: Label | None = None
    """User or team that the project belongs to; the account's default when left out."""
    group: Label | None = None
    """What the runs are grouped by; the experiment's name when left out."""
    job_type: Label | None = None
    """Kind of run, for filters; none when left out."""
    name: Label | None = None
    """What the name of each run begins with, before its arm and seed."""
    tags: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] = ()
    """Tags of each run."""
    mode: Literal["online", "offline", "disabled"] = "online"
    """`offline` writes to `folder` what `wandb sync` can send later; `disabled` does nothing."""
    folder: str | None = None
    """Runs are kept in `wandb/` in here; in `WANDB_DIR` or the working directory when left out."""


class Experiment(Section):
    """One question, its base configuration, factors, seeds and analysis."""

    name: Annotated[str, Field(max_length=80, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    """Short name, used for folders and in MLflow."""
    question: Annotated[str, Field(min_length=1)]
    """The question in words; the report opens with it."""
    base: Base
    """The configuration that every arm starts from."""
    factors: Annotated[dict[Label, Factor], Field(min_length=1)]
    """The ablation axes by name; arms are all combinations of their levels."""
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)] = (0, 1, 2)
    """Replicates of training; the same for every arm."""
    analysis: Analysis = Analysis()
    """Hypotheses and error rate."""
    search: Search | None = None
    """What is tuned in each arm before the arms are compared (`harness search`)."""
    resources: Resources = Resources()
    """Circumstances such as CPU threads."""
    wandb: WeightsAndBiases | None = None
    """Show the runs in Weights & Biases too."""

    @field_validator("seeds")
    @classmethod
    def _seeds_differ(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds):
            raise ValueError("a seed occurs twice; a repeated seed is not a replicate")
        return seeds
