"""Adapters: from the experiment's words to peft's configuration.

What peft would let pass without a word, such as one of two target names that matches
nothing, is an error here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from harness.errors import ModelError
from harness.experiment.model import IA3, Adapter, LoRA, OtherAdapter, PromptTuning
from harness.models.base import one_line
from harness.models.groups import layer_of, stacks

if TYPE_CHECKING:
    from peft import PeftConfig
    from torch import nn

__all__ = ["peft_config", "with_adapter"]

_WHERE = "base.model.adapter"
_PEFT_RAISES = (
    ValueError, TypeError, KeyError, AssertionError, RuntimeError, ArithmeticError, re.error,
)  # fmt: skip
_NOT_TO_BE_SET = {
    "task_type", "peft_type", "auto_mapping", "base_model_name_or_path", "revision", "peft_version",
    "inference_mode",  # would train nothing
    "bias", "modules_to_save",  # would train weights of the base, which runs share
}  # fmt: skip


def with_adapter(model: nn.Module, adapter: Adapter, *, encoder_decoder: bool) -> Any:
    """Put a new adapter on a model, and return the peft model around it.

    Raises
    ------
    ModelError
        The adapter does not fit; parts of it may be left on the model.
    """
    import torch
    from peft import get_peft_model

    config = peft_config(model, adapter, encoder_decoder=encoder_decoder)
    own, linear = {id(parameter) for parameter in model.parameters()}, _names(_linear(model))
    wrap: Any = get_peft_model  # its type names the configurations that it knows
    try:
        wrapped = wrap(model, config)
    except torch.OutOfMemoryError:
        raise
    except _PEFT_RAISES as error:
        other = isinstance(adapter, OtherAdapter)
        raise ModelError(
            "the adapter does not fit the model",
            where=f"{_WHERE}.options" if other else _WHERE,
            got=one_line(error),
            allowed=f"targets: all-linear, or names of linear layers: {linear}",
        ) from None
    _check_what_is_trained(wrapped, own)
    return wrapped


def _check_what_is_trained(wrapped: Any, own: set[int]) -> None:
    """A run must train something, and never the weights that it shares with others."""
    trained = [(name, one) for name, one in wrapped.named_parameters() if one.requires_grad]
    shared = [name for name, one in trained if id(one) in own]
    if shared or not trained:
        raise ModelError(
            "the adapter would train weights of the base itself, which all runs share"
            if shared
            else "the adapter would train nothing",
            where=_WHERE,
            got=", ".join(shared[:3]) or None,
        )
    _check_shared_embeddings(wrapped)


def _check_shared_embeddings(wrapped: Any) -> None:
    """A T5 never reads its `shared` itself: an adapter on it would learn nothing."""
    from peft.tuners.tuners_utils import BaseTunerLayer
    from torch import nn

    layers = [one for one in wrapped.modules() if isinstance(one, BaseTunerLayer)]
    adapted = [one.get_base_layer() for one in layers]
    for embedding in (one for one in adapted if isinstance(one, nn.Embedding)):
        same = {
            name: module
            for name, module in wrapped.get_base_model().named_modules()
            if isinstance(module, nn.Embedding) and module.weight is embedding.weight
        }
        left = [name for name, one in same.items() if all(one is not other for other in adapted)]
        if len(left) > len(same) - len(left):
            raise ModelError(
                "the adapter's target shares its weights with others that would not be adapted",
                where=f"{_WHERE}.targets",
                got=", ".join(name.removesuffix(".base_layer") for name in same),
                fix=f"name {left[-1].rpartition('.')[2]!r} instead, or linear layers",
            )


def peft_config(model: nn.Module, adapter: Adapter, *, encoder_decoder: bool) -> PeftConfig:
    """Peft's configuration of an adapter for a model.

    Raises
    ------
    ModelError
        A target, a layer or an option does not exist.
    """
    import peft

    task: dict[str, Any] = {
        "task_type": peft.TaskType.SEQ_2_SEQ_LM if encoder_decoder else peft.TaskType.CAUSAL_LM
    }
    if isinstance(adapter, LoRA):
        return peft.LoraConfig(
            **task,
            r=adapter.r,
            lora_alpha=adapter.alpha,
            lora_dropout=adapter.dropout,
            target_modules=_targets(model, adapter),
            use_dora=adapter.kind == "dora",
            use_rslora=adapter.rank_stabilized,
        )
    if isinstance(adapter, IA3):
        for name in adapter.targets or ():
            _check_target(model, name)
        targets: dict[str, Any] = {}
        if adapter.targets is not None:
            targets = {
                "target_modules": list(adapter.targets),
                "feedforward_modules": list(adapter.feed_forward or ()),
            }
        return peft.IA3Config(**task, **targets)
    if isinstance(adapter, PromptTuning):
        return peft.PromptTuningConfig(
            **task,
            num_virtual_tokens=adapter.virtual_tokens,
            num_transformer_submodules=1,  # by default a T5 gets as many again, never used
        )
    return _other(model, adapter, task)


def _other(model: nn.Module, adapter: OtherAdapter, task: dict[str, Any]) -> PeftConfig:
    from peft import PeftType
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

    make: Any = PEFT_TYPE_TO_CONFIG_MAPPING[PeftType(adapter.method)]
    known = sorted(set(make.__dataclass_fields__) - _NOT_TO_BE_SET)
    for name in adapter.options:
        if name not in known:
            raise ModelError(
                f"peft's {adapter.method} has no such option that can be set here",
                where=f"{_WHERE}.options",
                got=name,
                allowed=", ".join(known),
            )
    named = adapter.options.get("target_modules")
    for name in named if isinstance(named, list | tuple) else ():  # as text, it is a pattern
        _check_target(model, str(name), f"{_WHERE}.options.target_modules")
    layers = adapter.options.get("layers_to_transform")
    for layer in layers if isinstance(layers, list | tuple) else ():
        _check_layer(model, layer, f"{_WHERE}.options.layers_to_transform")
    try:
        config: PeftConfig = make(**task, **adapter.options)
    except _PEFT_RAISES as error:
        raise ModelError(
            f"peft's {adapter.method} cannot be configured like this",
            where=f"{_WHERE}.options",
            got=one_line(error),
        ) from None
    return config


def _targets(model: nn.Module, adapter: LoRA) -> Any:
    """What peft takes as `target_modules`: its own words, or names of modules."""
    if adapter.targets == "family":
        if adapter.layers is None:
            return None  # peft knows the usual ones by the model's type
        names = _usual(model)
    elif adapter.targets == "all-linear":
        if adapter.layers is None:
            return "all-linear"
        names = []
    else:
        names = list(adapter.targets)
        for name in names:
            _check_target(model, name)
    return names if adapter.layers is None else _in_layers(model, adapter, names)


def _in_layers(model: nn.Module, adapter: LoRA, names: list[str]) -> list[str]:
    """Full names of the linear layers that are in the adapter's layers."""
    layers = adapter.layers or ()
    for layer in layers or (None,):
        _check_layer(model, layer, f"{_WHERE}.layers")
    known = stacks(model)
    where = {name: layer_of(name, known)[1] for name in _linear(model)}
    linear = [name for name, layer in where.items() if layer in layers]
    chosen = [name for name in linear if not names or _is(name, names)]
    for name in () if adapter.targets == "family" else names:
        if not any(_is(one, [name]) for one in chosen):
            raise ModelError(
                "the adapter's target is not a linear layer in these layers",
                where=f"{_WHERE}.targets",
                got=name,
                allowed="names of linear layers in them: " + _names(linear),
            )
    for layer in layers:
        if all(where[one] != layer for one in chosen):
            raise ModelError(
                "this layer has none of the adapter's targets",
                where=f"{_WHERE}.layers",
                got=layer,
            )
    return chosen


def _check_layer(model: nn.Module, layer: Any, where: str) -> None:
    most = max(stacks(model).values(), default=0)
    if layer not in range(most):
        raise ModelError(
            "the model has no such layer",
            where=where,
            got="none at all" if layer is None else layer,
            allowed=f"0 to {most - 1}",
        )


def _usual(model: Any) -> list[str]:
    from peft.utils.constants import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING as KNOWN

    family = model.config.model_type
    if family not in KNOWN:
        raise ModelError(
            "this family has no usual targets",
            where=f"{_WHERE}.targets",
            got=f"family, with a model of type {family}",
            allowed="all-linear, or names of linear layers: " + _names(_linear(model)),
        )
    return list(KNOWN[family])


def _check_target(model: nn.Module, name: str, where: str = f"{_WHERE}.targets") -> None:
    if not any(_is(one, [name]) for one, _ in model.named_modules()):
        raise ModelError(
            "the adapter's target is not in the model",
            where=where,
            got=name,
            allowed="all-linear, or names of linear layers: " + _names(_linear(model)),
        )


def _is(module: str, targets: list[str]) -> bool:
    """Peft's rule: the whole name, or the end of it."""
    return any(module == target or module.endswith(f".{target}") for target in targets)


def _linear(model: Any) -> list[str]:
    """Full names of the linear layers, without the output layer."""
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    output = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    return [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear | Conv1D) and module is not output
    ]


def _names(modules: list[str]) -> str:
    return ", ".join(sorted({name.rsplit(".", 1)[-1] for name in modules}))
