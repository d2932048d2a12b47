"""The section `model`: the base, how its weights are held, and what of it is trained.

Only rules that need no model to be looked at live here; whether names fit the network is
found out by `harness.models.inspection`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, NonNegativeInt, PositiveInt, model_validator

from harness.experiment.section import Section

__all__ = [
    "FOUR_BITS",
    "GROUPS",
    "IA3",
    "QUANTIZED",
    "Adapter",
    "Freeze",
    "Group",
    "LoRA",
    "Model",
    "OtherAdapter",
    "Precision",
    "PromptTuning",
]

Precision = Literal["full", "bf16", "fp16", "int8", "nf4", "fp4"]
FOUR_BITS: frozenset[Precision] = frozenset({"nf4", "fp4"})
QUANTIZED: frozenset[Precision] = FOUR_BITS | {"int8"}

Group = Literal["embeddings", "layer_norms", "attention", "feed_forward", "other"]
GROUPS: tuple[Group, ...] = ("embeddings", "layer_norms", "attention", "feed_forward", "other")

Dropout = Annotated[float, Field(ge=0, lt=1)]


def _one_as_many(value: Any) -> Any:
    return (value,) if isinstance(value, str) and value not in ("all-linear", "family") else value


Targets = Annotated[
    Literal["all-linear", "family"] | Annotated[tuple[str, ...], Field(min_length=1)],
    BeforeValidator(_one_as_many),
]


class LoRA(Section):
    """Low-rank adaptation (Hu et al. 2021); on a quantized base this is QLoRA."""

    kind: Literal["lora", "dora"] = "lora"
    """`lora`, or `dora`, which also trains each weight's magnitude (Liu et al. 2024)."""
    r: PositiveInt = 8
    """Rank."""
    alpha: PositiveInt = 16
    """Scale; the update is multiplied by alpha / r, or alpha / √r with `rank_stabilized`."""
    dropout: Dropout = 0.0
    """Dropout on the adapter's input."""
    targets: Targets = "all-linear"
    """Names of adapted modules, every linear layer but the output, or the `family`'s usual ones."""
    layers: tuple[NonNegativeInt, ...] | None = None
    """Only these layers, counted from 0; all when left out."""
    rank_stabilized: bool = False
    """Scale by alpha / √r (Kalajdzievski 2023)."""


class IA3(Section):
    """Learned rescaling of activations (Liu et al. 2022)."""

    kind: Literal["ia3"]
    """The kind of adapter."""
    targets: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Names of rescaled modules; the family's usual ones when left out."""
    feed_forward: tuple[str, ...] | None = None
    """Those of `targets` whose input is rescaled instead of their output."""

    @model_validator(mode="after")
    def _targets_and_feed_forward(self) -> IA3:
        if (self.targets is None) != (self.feed_forward is None):
            raise ValueError("give `targets` and `feed_forward` (maybe []) together, or neither")
        strangers = set(self.feed_forward or ()) - set(self.targets or ())
        if strangers:
            raise ValueError(f"`feed_forward` names {strangers.pop()!r}, which is not in `targets`")
        return self


class PromptTuning(Section):
    """Learned embeddings before the input (Lester et al. 2021)."""

    kind: Literal["prompt_tuning"]
    """The kind of adapter."""
    virtual_tokens: PositiveInt = 20
    """How many embeddings are learned."""


class OtherAdapter(Section):
    """Any other method of peft that replaces no part of the training loop."""

    kind: Literal["peft"]
    """The kind of adapter."""
    method: Literal["FOURIERFT", "HRA", "LN_TUNING", "LOHA", "LOKR", "OFT", "VERA"]
    """peft's name of the method."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Fields of the method's configuration class in peft."""


def _lora_by_default(value: Any) -> Any:
    return {"kind": "lora", **value} if isinstance(value, dict) else value


Adapter = Annotated[
    Annotated[LoRA | IA3 | PromptTuning | OtherAdapter, Field(discriminator="kind")],
    BeforeValidator(_lora_by_default),
]


class Freeze(Section):
    """Which weights of the base stay as they are, when there is no adapter.

    A weight is frozen if its group is in `groups` or its name matches one of `names`, unless
    it belongs to one of `except_layers` or matches one of `except_names`.
    """

    groups: Literal["all"] | tuple[Group, ...] = "all"
    """Frozen groups: `embeddings`, `layer_norms`, `attention`, `feed_forward`, `other`."""
    names: tuple[str, ...] = ()
    """Patterns of weight names to freeze besides, such as `encoder.*`."""
    except_layers: tuple[int, ...] = ()
    """Layers that are trained all the same; -1 is the last one of each stack."""
    except_names: tuple[str, ...] = ()
    """Patterns of weight names that are trained all the same, such as `lm_head.*`."""

    @model_validator(mode="after")
    def _freezes_some_and_trains_some(self) -> Freeze:
        if not self.groups and not self.names:
            raise ValueError("nothing is frozen; name `groups` or `names`, or leave `freeze` out")
        every = self.groups == "all" or set(self.groups) == set(GROUPS)
        if every and not self.except_layers and not self.except_names:
            raise ValueError(
                "everything would be frozen; name what is trained in `except_layers` or"
                " `except_names`, or fewer `groups`"
            )
        return self


class Model(Section):
    """The base model, how its weights are held, and what of it is trained."""

    name: str
    """`embedded:tiny_t5`, a local folder or GGUF file, or a hub name such as `owner/model`."""
    revision: str | None = None
    """The hub model's git revision; its newest one when left out."""
    gguf_file: str | None = None
    """A GGUF file in the hub's repository, which is loaded dequantized."""
    precision: Precision = "full"
    """Base weights: `full` (fp32), `bf16`, `fp16`, `int8` (LLM.int8), `nf4` or `fp4` (4 bits)."""
    double_quantization: bool | None = None
    """With 4 bits: quantize the scales too; yes when left out."""
    compute_dtype: Literal["fp32", "bf16"] | None = None
    """With 4 bits: what layers compute in; fp32 when left out."""
    adapter: Adapter | None = None
    """The trained adapter; without one, the model's own weights are trained."""
    freeze: Freeze | None = None
    """Without an adapter: weights that are not trained."""

    @model_validator(mode="after")
    def _precision_can_be_trained(self) -> Model:
        if self.precision in QUANTIZED and self.adapter is None:
            raise ValueError(
                f"weights held in {self.precision} cannot be trained themselves;"
                " set model.adapter: {kind: lora}, or model.precision: full"
            )
        if self.precision in ("bf16", "fp16") and self.adapter is None:
            raise ValueError(
                f"weights held in {self.precision} are too coarse for most updates of training, so"
                " that the comparison would be about rounding; set model.adapter: {kind: lora}, or"
                " model.precision: full (with training.bf16 to compute in bf16)"
            )
        if self.precision in QUANTIZED and not isinstance(self.adapter, LoRA):
            raise ValueError(
                f"on weights held in {self.precision} only LoRA is known to train correctly;"
                " set model.adapter: {kind: lora}, or model.precision: full"
            )
        dora = isinstance(self.adapter, LoRA) and self.adapter.kind == "dora"
        if self.precision == "int8" and dora:
            raise ValueError(
                "DoRA needs the norms of the base's weights, which int8 layers do not give;"
                " set model.adapter.kind: lora, or model.precision: nf4"
            )
        return self

    @model_validator(mode="after")
    def _settings_have_an_effect(self) -> Model:
        if self.adapter is not None and self.freeze is not None:
            raise ValueError(
                "an adapter keeps all weights of the base frozen already, so `freeze` would say"
                " the same again; leave one of them out (model.adapter.targets and"
                " model.adapter.layers choose where the adapter goes)"
            )
        for name in ("double_quantization", "compute_dtype"):
            if getattr(self, name) is not None and self.precision not in FOUR_BITS:
                raise ValueError(
                    f"`{name}` is about 4-bit weights, but the precision is {self.precision};"
                    f" leave it out, or set it to null in levels that are not 4-bit"
                )
        return self
