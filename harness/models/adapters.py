"""Adapters: from the experiment's words to peft's configuration.

What peft would let pass without a word, such as one of two target names that matches
nothing, is an error here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.errors import ModelError
from harness.experiment.model import IA3, Adapter, LoRA, OtherAdapter, PromptTuning
from harness.models.groups import stacks

if TYPE_CHECKING:
    from peft import PeftConfig
    from torch import nn

__all__ = ["peft_config", "with_adapter"]

_WHERE = "base.model.adapter"


def with_adapter(model: nn.Module, adapter: Adapter, *, encoder_decoder: bool) -> Any:
    """Put a new adapter on a model, and return the peft model around it.

    Raises
    ------
    ModelError
        The adapter does not fit; parts of it may be left on the model.
    """
    from peft import get_peft_model

    config = peft_config(model, adapter, encoder_decoder=encoder_decoder)
    wrap: Any = get_peft_model  # its type names the configurations that it knows
    try:
        return wrap(model, config)
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise ModelError(
            "the adapter does not fit the model",
            where=_WHERE,
            got=first,
            allowed="targets: all-linear, or names of linear layers: " + _names(_linear(model)),
        ) from None


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
        return peft.PromptTuningConfig(**task, num_virtual_tokens=adapter.virtual_tokens)
    return _other(model, adapter, task)


def _other(model: nn.Module, adapter: OtherAdapter, task: dict[str, Any]) -> PeftConfig:
    from peft import PeftType
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

    make: Any = PEFT_TYPE_TO_CONFIG_MAPPING[PeftType(adapter.method)]
    known = sorted(set(make.__dataclass_fields__) - {"task_type", "peft_type", "auto_mapping"})
    for name in adapter.options:
        if name not in known:
            raise ModelError(
                f"peft's {adapter.method} has no such option",
                where=f"{_WHERE}.options",
                got=name,
                allowed=", ".join(known),
            )
    named = adapter.options.get("target_modules")
    for name in [named] if isinstance(named, str) else named or ():
        if name != "all-linear":
            _check_target(model, name)
    try:
        config: PeftConfig = make(**task, **adapter.options)
    except (ValueError, TypeError) as error:
        raise ModelError(
            f"peft's {adapter.method} cannot be configured like this",
            where=f"{_WHERE}.options",
            got=str(error).splitlines()[0],
        ) from None
    return config


def _targets(model: nn.Module, adapter: LoRA) -> Any:
    """What peft takes as `target_modules`: its own words, or names of modules."""
    if adapter.targets == "all-linear" and adapter.layers is None:
        return "all-linear"
    if adapter.targets == "family":
        if adapter.layers is None:
            return None  # peft knows the usual ones by the model's type
        names = _usual(model)
    else:
        names = [] if adapter.targets == "all-linear" else list(adapter.targets)
    for name in names:
        _check_target(model, name)
    if adapter.layers is None:
        return names
    chosen = [name for name in _linear(model) if not names or _is(name, names)]
    return [name for name in chosen if _layer_of(name, model) in _layers(adapter, model)]


def _layers(adapter: LoRA, model: nn.Module) -> tuple[int, ...]:
    most = max(stacks(model).values(), default=0)
    for layer in adapter.layers or ():
        if layer >= most:
            raise ModelError(
                "the model has no such layer",
                where=f"{_WHERE}.layers",
                got=layer,
                allowed=f"0 to {most - 1}",
            )
    return adapter.layers or ()


def _layer_of(module: str, model: nn.Module) -> int | None:
    for stack in stacks(model):
        if module.startswith(f"{stack}."):
            return int(module.removeprefix(f"{stack}.").split(".", 1)[0])
    return None


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


def _check_target(model: nn.Module, name: str) -> None:
    if not any(_is(one, [name]) for one, _ in model.named_modules()):
        raise ModelError(
            "the adapter's target is not in the model",
            where=f"{_WHERE}.targets",
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
