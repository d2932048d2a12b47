"""Making a base model trainable for one run, and giving the base back untouched."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.errors import ModelError
from harness.experiment.base import LoRA
from harness.models.base import BaseModel

if TYPE_CHECKING:
    from torch import nn

__all__ = ["ParameterCount", "count_parameters", "trainable"]


class ParameterCount(NamedTuple):
    """Numbers of parameters: all, and those that are trained."""

    total: int
    trained: int


@contextmanager
def trainable(base: BaseModel, adapter: LoRA | None, seed: int) -> Iterator[Any]:
    """A model to train for one run.

    With an adapter, the base is wrapped, and unwrapped at the end: its own weights
    never change. Without one, all weights of a copy are trained. If the adapter does not
    fit, parts of it may be left on the base, which is not to be used any more.

    Parameters
    ----------
    base : BaseModel
        Shared by runs; the same before and after.
    adapter : LoRA or None
        What is trained.
    seed : int
        Decides the adapter's initial weights, and nothing else here.

    Raises
    ------
    ModelError
        The adapter's targets do not occur in the model.
    """
    from transformers import set_seed

    set_seed(seed)
    if adapter is None:
        model = copy.deepcopy(base.model)
        for parameter in model.parameters():
            parameter.requires_grad_(True)
        yield model
        return

    from peft import LoraConfig, TaskType, get_peft_model

    task = TaskType.SEQ_2_SEQ_LM if base.encoder_decoder else TaskType.CAUSAL_LM
    targets = adapter.targets if isinstance(adapter.targets, str) else list(adapter.targets)
    config = LoraConfig(
        task_type=task,
        r=adapter.r,
        lora_alpha=adapter.alpha,
        lora_dropout=adapter.dropout,
        target_modules=targets,
    )
    try:
        wrapped: Any = get_peft_model(base.model, config)
    except ValueError as error:
        raise ModelError(
            "the adapter does not fit the model",
            where="base.model.adapter.targets",
            got=str(error).splitlines()[0],
            allowed="all-linear, or names of linear layers: " + ", ".join(_linear(base.model)),
        ) from None
    try:
        yield wrapped
    finally:
        base.model = wrapped.unload()
        vars(base.model).pop("peft_config", None)  # else peft warns of a second adapter
        base.model.train(False)


def count_parameters(model: nn.Module) -> ParameterCount:
    """Count parameters; 4-bit weights count as the weights they stand for."""
    total = trained = 0
    for parameter in model.parameters():
        quantized = getattr(parameter, "quant_state", None)
        number = quantized.shape.numel() if quantized is not None else parameter.numel()
        total += number
        trained += number if parameter.requires_grad else 0
    return ParameterCount(total, trained)


def _linear(model: nn.Module) -> list[str]:
    from torch import nn

    names = (name for name, module in model.named_modules() if isinstance(module, nn.Linear))
    return sorted({name.rsplit(".", 1)[-1] for name in names})
