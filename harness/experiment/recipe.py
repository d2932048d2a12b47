"""The sections `training` and `generation`: how weights and predictions come about."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PositiveInt, model_validator

from harness.experiment.names import LOWER_IS_BETTER, ValidationMetric
from harness.experiment.section import Section, Share

__all__ = ["Best", "Generation", "Training"]

Beta = Annotated[float, Field(ge=0, lt=1)]
AtLeastZero = Annotated[float, Field(ge=0)]
AboveZero = Annotated[float, Field(gt=0)]


def _one_as_many(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class Best(Section):
    """Which of the evaluated states of a training is kept."""

    metric: ValidationMetric = "validation_loss"
    """Measured on the validation items; all but `validation_loss` generate their answers."""
    mode: Literal["min", "max"] | None = None
    """What is better; lower for `validation_loss` and `ser`, higher for the rest when left out."""
    patience: PositiveInt | None = None
    """Stop early after this many evaluations in a row that were no better."""

    @property
    def greater_is_better(self) -> bool:
        """`mode`, with its default."""
        return (self.mode or ("min" if self.metric in LOWER_IS_BETTER else "max")) == "max"


class Training(Section):
    """One recipe of fine-tuning, or with `max_steps: 0` none; `epochs: 0` is not one."""

    epochs: AboveZero = 1.0
    """Passes over the training items."""
    max_steps: Annotated[int, Field(ge=0)] | None = None
    """Optimizer steps; overrules `epochs`. With 0 the base model answers as it is: no adapter, no
    training, and the other settings of this section have no effect."""
    learning_rate: AboveZero = 1e-3
    """Peak learning rate of AdamW."""
    batch_size: PositiveInt = 16
    """Items per forward pass, over all processes."""
    gradient_accumulation: PositiveInt = 1
    """Forward passes per optimizer step."""
    schedule: Literal["linear", "cosine", "constant", "constant_with_warmup"] = "linear"
    """Learning-rate schedule after the warm-up."""
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    """Optimizer steps over which the learning rate rises from zero."""
    warmup_share: Share | None = None
    """Instead of `warmup_steps`: this share of all steps."""
    weight_decay: AtLeastZero = 0.0
    """AdamW's decoupled weight decay."""
    betas: tuple[Beta, Beta] = (0.9, 0.999)
    """AdamW's decay rates of the averages of gradients and of their squares."""
    max_grad_norm: AboveZero = 1.0
    """Gradients are clipped to this norm."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the target's probability that is spread over the vocabulary."""
    evaluate_every: PositiveInt | None = None
    """Optimizer steps between evaluations on the validation items; each epoch when left out."""
    sanity_validation: PositiveInt | None = None
    """Before the first step, evaluate on this many validation items, and answer them where a score
    is asked for, so that an evaluation that cannot work is found at once; changes no result."""
    log_every: PositiveInt | None = None
    """Optimizer steps between points of the curve of the training loss; when left out, as many as
    make about twenty points."""
    best: Best | None = None
    """Keep the best evaluated state, and maybe stop early; the last one when left out."""
    overfit_batches: PositiveInt | None = None
    """For debugging: train and validate on this many batches of the training items only."""
    bf16: bool = False
    """Compute in bf16 where that is safe (autocast); the weights stay as they are."""
    gradient_checkpointing: bool = False
    """Keep fewer activations in memory and compute them again; the gradients are the same."""
    packing: bool = False
    """Lay a batch's items end to end instead of padding them; for some decoder-only models."""

    @property
    def is_none(self) -> bool:
        """Whether nothing is trained."""
        return self.max_steps == 0

    @model_validator(mode="after")
    def _settings_have_an_effect(self) -> Training:
        if self.warmup_steps and self.warmup_share:
            raise ValueError("give either `warmup_steps` or `warmup_share`")
        if self.schedule == "constant" and (self.warmup_steps or self.warmup_share):
            raise ValueError("this schedule has no warm-up; set schedule: constant_with_warmup")
        return self


class Generation(Section):
    """How predictions are decoded; greedy unless `num_beams` or `do_sample` says otherwise."""

    max_new_tokens: PositiveInt = 32
    """Longest prediction in tokens."""
    num_beams: PositiveInt = 1
    """Width of the beam search."""
    do_sample: bool = False
    """Draw tokens at random; each item has its own random numbers, made from seed and item."""
    temperature: AboveZero | None = None
    """With `do_sample`: logits are divided by this; 1 when left out."""
    top_k: PositiveInt | None = None
    """With `do_sample`: draw from this many of the likeliest tokens."""
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    """With `do_sample`: draw from the likeliest tokens that together have this probability."""
    no_repeat_ngram_size: PositiveInt | None = None
    """No sequence of this many tokens occurs twice in a prediction."""
    stop_strings: Annotated[
        tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_one_as_many)
    ] = ()
    """A prediction ends before the first of these."""
    batch_size: PositiveInt = 32
    """Prompts per batch."""

    @model_validator(mode="after")
    def _settings_have_an_effect(self) -> Generation:
        if self.do_sample and self.num_beams > 1:
            raise ValueError("choose either `do_sample` or a beam search (`num_beams`)")
        given = [n for n in ("temperature", "top_k", "top_p") if getattr(self, n) is not None]
        if given and not self.do_sample:
            raise ValueError(f"`{given[0]}` has an effect with do_sample: true only")
        return self
