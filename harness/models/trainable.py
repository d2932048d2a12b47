"""Making a base model trainable for one run, and giving the base back untouched."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.experiment.model import Group, Model
from harness.models.adapters import with_adapter
from harness.models.base import BaseModel
from harness.models.freezing import freeze
from harness.models.groups import places

if TYPE_CHECKING:
    from torch import nn

__all__ = ["ParameterCount", "as_it_is", "count_parameters", "trainable"]


class ParameterCount(NamedTuple):
    """Numbers of parameters.

    Attributes
    ----------
    total : int
        All, adapter included.
    trained : int
        Those that are trained.
    by_group : mapping
        Those that are trained, by the group of weights they belong to.
    """

    total: int
    trained: int
    by_group: Mapping[Group, int]

    @property
    def percent(self) -> float:
        """Share of the parameters that is trained, 0-100."""
        return 100 * self.trained / self.total

    def __str__(self) -> str:
        if not self.trained:
            return f"none of {self.total:,} parameters: the base model as it is"
        parts = ", ".join(
            f"{group.replace('_', ' ')} {count:,}" for group, count in self.by_group.items()
        )
        return f"{self.trained:,} of {self.total:,} parameters ({self.percent:.3g}%): {parts}"


@contextmanager
def trainable(base: BaseModel, config: Model, seed: int) -> Iterator[Any]:
    """A model to train for one run.

    With an adapter, the base is wrapped, and unwrapped at the end: its own weights
    never change, and the adapter is never merged into them. Without one, a copy of the
    base is trained, all of it or what is not frozen. If the adapter does not fit, parts of
    it may be left on the base, which is not to be used any more.

    Parameters
    ----------
    base : BaseModel
        Shared by runs; the same before and after.
    config : Model
        What is trained: `adapter` and `freeze`.
    seed : int
        Decides the adapter's initial weights, and nothing else here.

    Raises
    ------
    ModelError
        What is to be trained or frozen does not occur in the model.
    """
    from transformers import set_seed

    set_seed(seed)
    if config.adapter is None:
        model = copy.deepcopy(base.model)
        freeze(model, config.freeze)
        yield model
        return
    wrapped = with_adapter(base.model, config.adapter, encoder_decoder=base.encoder_decoder)
    try:
        yield wrapped
    finally:
        learns_prompts = wrapped.active_peft_config.is_prompt_learning
        base.model = wrapped.get_base_model() if learns_prompts else wrapped.unload()
        vars(base.model).pop("peft_config", None)  # else peft warns of a second adapter
        base.model.train(False)


@contextmanager
def as_it_is(base: BaseModel) -> Iterator[Any]:
    """The base model for a run that trains nothing: no adapter, no weight that has a gradient."""
    needed = [one for one in base.model.parameters() if one.requires_grad]
    for parameter in needed:
        parameter.requires_grad_(False)
    try:
        yield base.model
    finally:
        for parameter in needed:
            parameter.requires_grad_(True)


def count_parameters(model: nn.Module) -> ParameterCount:
    """Count parameters; 4-bit weights count as the weights they stand for."""
    total, trained = 0, Counter[Group]()
    where = places(model)
    for name, parameter in model.named_parameters():
        quantized = getattr(parameter, "quant_state", None)
        number = quantized.shape.numel() if quantized is not None else parameter.numel()
        total += number
        if parameter.requires_grad:
            trained[where[name].group] += number
    return ParameterCount(total, trained.total(), dict(trained.most_common()))
