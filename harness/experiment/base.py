"""The base configuration of an experiment: data, prompt, model, training, generation.

Only shapes and rules that one section can break live here. Factors, hypotheses and
the file as a whole are `schema`'s.
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
    "EMBEDDED_PREFIX",
    "QUANTIZED",
    "Base",
    "Data",
    "Generation",
    "LoRA",
    "Model",
    "Place",
    "Precision",
    "Prompt",
    "Section",
    "Split",
    "Training",
    "Validation",
]

Precision = Literal["full", "bf16", "int8", "nf4"]
Share = Annotated[float, Field(gt=0, lt=1)]
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
