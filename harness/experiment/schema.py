"""The experiment language: what may stand in an experiment file, with defaults.

Only shapes and rules that a single file can break live here. Reading YAML is
`load`'s work, turning factors into arms `plan`'s.
"""

from __future__ import annotations

from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    field_validator,
    model_validator,
)

__all__ = [
    "Analysis",
    "Base",
    "Claim",
    "Data",
    "Experiment",
    "Factor",
    "Generation",
    "HypothesisSpec",
    "LoRA",
    "MetricName",
    "Model",
    "Overrides",
    "Precision",
    "Prompt",
    "Resources",
    "Split",
    "Training",
    "Validation",
]

MetricName = Literal["em", "f1", "bleu", "rouge1", "rouge2", "rougeL"]
Claim = Literal["better", "different", "non_inferior", "equivalent"]
Precision = Literal["full", "bf16", "int8", "nf4"]
Overrides = dict[str, Any]
Label = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^/\n]+$")]
Share = Annotated[float, Field(gt=0, lt=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32, strict=True)]
EMBEDDED_PREFIX = "embedded:"
"""What names of models and data sets that come with the package begin with."""
QUANTIZED: frozenset[Precision] = frozenset({"int8", "nf4"})


class Section(BaseModel):
    """Frozen, and closed to unknown keys, so that a misspelt key is never ignored."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        protected_namespaces=(),
        allow_inf_nan=False,
    )


class Place(Section):
    """Where items come from."""

    split: str | None = None
    """Name of the split in the hub or embedded data set, such as `train`."""
    file: str | None = None
    """A local file, read instead of the source's split: SQuAD JSON, JSON, JSONL, CSV, Parquet."""
    limit: PositiveInt | None = None
    """Use a random sample of this many items; the same sample for every arm and seed."""


class Split(Place):
    """The items of one split."""

    @model_validator(mode="after")
    def _has_a_place(self) -> Split:
        if self.split is None and self.file is None:
            raise ValueError("give `split` (a split of the source) or `file` (a local file)")
        return self


class Validation(Place):
    """Items for the validation loss; never the test items."""

    share: Share | None = None
    """Carve this share of the outermost clusters from the training items."""

    @model_validator(mode="after")
    def _has_one_place(self) -> Validation:
        if (self.share is None) == (self.split is None and self.file is None):
            raise ValueError("give either `share`, or one of `split` and `file`")
        return self


class Data(Section):
    """The items: where they come from and what they are nested in."""

    source: str | None = None
    """`embedded:invented_world`, or a data set on the hub such as `squad`; files need none."""
    config: str | None = None
    """The hub data set's configuration name, where it has several."""
    revision: str | None = None
    """The hub data set's git revision; its newest one when left out."""
    train: Split
    """The items that arms are fine-tuned on."""
    test: Split
    """The items that arms are compared on; the same for every arm."""
    validation: Validation | None = None
    """The items for the validation loss, if any."""
    fields: dict[str, str] = {}
    """The file's column for `question`, `answers`, `context`, `id` or any name a template uses."""
    clusters: tuple[str, ...] | None = None
    """Fields that items are nested in, outermost first; `title` and `context` where present."""

    @model_validator(mode="after")
    def _splits_need_a_source(self) -> Data:
        for name in ("train", "test", "validation"):
            part = getattr(self, name)
            if part is not None and part.split and not part.file and self.source is None:
                raise ValueError(f"{name}.split names a split, but there is no `source` it is in")
        return self


class Prompt(Section):
    """How an item becomes text."""

    template: str
    """The model's input; `{question}`, `{context}` and any other field of an item."""
    target: str = "{answer}"
    """What the model learns to produce; `{answer}` is the item's first reference answer."""
    max_tokens: PositiveInt = 512
    """Longest input in tokens. A longer one loses the end of `truncate`, and is counted."""
    max_target_tokens: PositiveInt = 64
    """Longest target in tokens. A longer one loses its end, and is counted."""
    truncate: str = "context"
    """The field that is shortened when an input is too long."""

    @field_validator("template", "target")
    @classmethod
    def _is_a_template(cls, template: str) -> str:
        try:
            parts = list(Formatter().parse(template))
        except ValueError as error:
            raise ValueError(f"not a template: {error}; write {{{{ and }}}} for braces") from None
        for _, name, spec, conversion in parts:
            if name is not None and (not name.isidentifier() or spec or conversion):
                extra = f"!{conversion}" if conversion else f":{spec}" if spec else ""
                raise ValueError(
                    f"{{{name}{extra}}} is not a plain field name such as {{question}}"
                )
        return template

    @property
    def names(self) -> tuple[str, ...]:
        """Field names that `template` uses, in order, each once."""
        names = (name for _, name, _, _ in Formatter().parse(self.template) if name)
        return tuple(dict.fromkeys(names))


def _one_as_many(targets: Any) -> Any:
    return (targets,) if isinstance(targets, str) and targets != "all-linear" else targets


class LoRA(Section):
    """Low-rank adaptation (Hu et al. 2021); on a quantized base this is QLoRA."""

    kind: Literal["lora"] = "lora"
    """The kind of adapter."""
    r: PositiveInt = 8
    """Rank."""
    alpha: PositiveInt = 16
    """Scale; the update is multiplied by alpha / r."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Dropout on the adapter's input."""
    targets: Annotated[
        Literal["all-linear"] | Annotated[tuple[str, ...], Field(min_length=1)],
        BeforeValidator(_one_as_many),
    ] = "all-linear"
    """Names of the adapted modules, or every linear layer but the output layer."""


class Model(Section):
    """The base model and how its weights are held and adapted."""

    name: str
    """`embedded:tiny_t5`, a local folder, or a model on the hub such as `google/t5-v1_1-small`."""
    revision: str | None = None
    """The hub model's git revision; its newest one when left out."""
    precision: Precision = "full"
    """Base weights: `full` (fp32), `bf16`, `int8` (LLM.int8) or `nf4` (4 bits, QLoRA)."""
    adapter: LoRA | None = None
    """The trained adapter; without one, all weights of the model are trained."""

    @model_validator(mode="after")
    def _precision_can_be_trained(self) -> Model:
        if self.precision in QUANTIZED and self.adapter is None:
            raise ValueError(
                f"weights held in {self.precision} cannot be trained themselves;"
                " set model.adapter: {kind: lora}, or model.precision: full"
            )
        if self.precision == "bf16" and self.adapter is None:
            raise ValueError(
                "weights held in bf16 are too coarse for most updates of training, so that the"
                " comparison would be about rounding; set model.adapter: {kind: lora}, or"
                " model.precision: full"
            )
        return self


class Training(Section):
    """One recipe of fine-tuning; `learning_rate: 0` or `epochs: 0` is not one."""

    epochs: Annotated[float, Field(gt=0)] = 1.0
    """Passes over the training items."""
    max_steps: PositiveInt | None = None
    """Optimizer steps; overrules `epochs`."""
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    """Peak learning rate of AdamW."""
    batch_size: PositiveInt = 16
    """Items per forward pass."""
    gradient_accumulation: PositiveInt = 1
    """Forward passes per optimizer step."""
    schedule: Literal["linear", "cosine", "constant", "constant_with_warmup"] = "linear"
    """Learning-rate schedule after the warm-up."""
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    """Optimizer steps over which the learning rate rises from zero."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """AdamW's decoupled weight decay."""
    max_grad_norm: Annotated[float, Field(gt=0)] = 1.0
    """Gradients are clipped to this norm."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the target's probability that is spread over the vocabulary."""


class Generation(Section):
    """How predictions are decoded; greedy unless `num_beams` is above one."""

    max_new_tokens: PositiveInt = 32
    """Longest prediction in tokens."""
    num_beams: PositiveInt = 1
    """Width of the beam search."""
    batch_size: PositiveInt = 32
    """Prompts per batch."""


class Base(Section):
    """The configuration that arms start from."""

    data: Data
    """The items."""
    prompt: Prompt
    """Items to text."""
    model: Model
    """The base model and its adapter."""
    training: Training = Training()
    """The fine-tuning recipe."""
    generation: Generation = Generation()
    """The decoding of predictions."""


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
        needs_margin = self.claim in ("non_inferior", "equivalent")
        if needs_margin and self.margin is None:
            raise ValueError(f"the claim {self.claim} needs a `margin` in points of the metric")
        if not needs_margin and self.margin is not None:
            raise ValueError(f"the claim {self.claim} takes no `margin`")
        return self


class Analysis(Section):
    """What is concluded from the scores, fixed before any of them exists."""

    primary: MetricName = "f1"
    """The metric that hypotheses are about unless they name another."""
    hypotheses: tuple[HypothesisSpec, ...] = ()
    """The declared family; without any, each treatment is tested as `different`."""
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    """Two-sided error rate of the whole family; intervals have level 1 - alpha."""
    power: Annotated[float, Field(gt=0.5, lt=1)] = 0.8
    """Power at which the smallest detectable effect is planned."""

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
    resources: Resources = Resources()
    """Circumstances such as CPU threads."""

    @field_validator("seeds")
    @classmethod
    def _seeds_differ(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds):
            raise ValueError("a seed occurs twice; a repeated seed is not a replicate")
        return seeds
