"""Which weights of a network are its embeddings, layer norms, attention, feed-forward.

Found out from the network itself (classes and positions of its modules), so that it holds
for T5, Llama, Mistral, BLOOM, GPT-Neo and for families that nobody has thought of. What mixes
tokens without attention, such as Mamba's, is in no group but `other`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from harness.experiment.model import Group

if TYPE_CHECKING:
    from torch import nn

_FEED_FORWARD = ("mlp", "ffn", "layerff", "feedforward", "moe", "experts")

__all__ = ["Place", "Stacks", "places", "stacks"]

Stacks = Mapping[str, int]
"""From the name of a stack of layers (`encoder.block`) to how many layers it has."""


class Place(NamedTuple):
    """Where in a network a weight is.

    Attributes
    ----------
    group : Group
        What it does.
    stack : str or None
        Name of the stack of layers it is in, such as `decoder.block`.
    layer : int or None
        Which layer of that stack, counted from 0.
    """

    group: Group
    stack: str | None
    layer: int | None


def places(model: nn.Module) -> dict[str, Place]:
    """The place of each weight, by its name; a weight with two names is listed once."""
    named = dict(model.named_modules())
    known = stacks(model)
    found = {}
    for name, _ in model.named_parameters():
        stack, layer = _layer(name, known)
        found[name] = Place(_group(name, stack, named), stack, layer)
    return found


def stacks(model: nn.Module) -> Stacks:
    """The outermost lists of equal layers."""
    from torch import nn

    found: dict[str, int] = {}
    for name, module in model.named_modules():
        inside = any(name.startswith(f"{outer}.") for outer in found)
        if isinstance(module, nn.ModuleList) and len(module) and not inside:
            found[name] = len(module)
    return found


def _layer(name: str, known: Stacks) -> tuple[str | None, int | None]:
    for stack in known:
        if name.startswith(f"{stack}."):
            return stack, int(name.removeprefix(f"{stack}.").split(".", 1)[0])
    return None, None


def _group(name: str, stack: str | None, named: Mapping[str, nn.Module]) -> Group:
    """Decided by the modules that a weight is in, the innermost ones first."""
    owner = name.rpartition(".")[0]
    if _kind(owner, named) == "layer_norms":
        return "layer_norms"
    if stack is None:
        return "embeddings" if "embedding" in _class_of(owner, named) else "other"
    module, layer = owner, name[: name.index(".", len(stack) + 1)]
    while len(module) >= len(stack):
        # a layer's class begins with the family's name, such as Qwen2Moe, which says nothing
        kind = _kind(module, named, by_class=len(module) > len(layer))
        if kind is not None:
            return kind
        module = module.rpartition(".")[0]
    return "feed_forward" if _is_beside_attention(owner, layer, named) else "other"


def _kind(module: str, named: Mapping[str, nn.Module], *, by_class: bool = True) -> Group | None:
    """What a module's class and the attribute it is held by say."""
    words = [module.rpartition(".")[2].lower().replace("_", "")]
    if by_class:
        words.append(_class_of(module, named))
    if any("norm" in word for word in words) or re.fullmatch(r"ln\d*|lnf", words[0]):
        return "layer_norms"
    if any("attention" in word or "attn" in word for word in words):
        return "attention"  # relative positions, though an embedding, are part of it
    if any(part in word for word in words for part in _FEED_FORWARD):
        return "feed_forward"
    return None


def _is_beside_attention(module: str, layer: str, named: Mapping[str, nn.Module]) -> bool:
    """Whether it is (in) a linear layer next to an attention, such as BART's and OPT's `fc1`."""
    while len(module) > len(layer):
        parent = module.rpartition(".")[0]
        if "linear" in _class_of(module, named) and any(
            _kind(f"{parent}.{child}", named) == "attention"
            for child, _ in named[parent].named_children()
        ):
            return True
        module = parent
    return False


def _class_of(module: str, named: Mapping[str, nn.Module]) -> str:
    return type(named[module]).__name__.lower()
