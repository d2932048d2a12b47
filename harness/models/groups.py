"""Which weights of a network are its embeddings, layer norms, attention, feed-forward.

Found out from the network itself (classes and positions of its modules), so that it holds
for T5, Llama, Mistral, BLOOM, GPT-Neo and for families that nobody has thought of. What mixes
tokens without attention, such as Mamba's, is in no group but `other`.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from harness.experiment.model import Group

if TYPE_CHECKING:
    from torch import nn

_FEED_FORWARD = ("mlp", "ffn", "layerff", "feedforward", "moe", "experts")

__all__ = ["Place", "Stacks", "layer_of", "places", "stacks"]

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
    named = dict(model.named_modules(remove_duplicate=False))
    known = stacks(model)
    found = {}
    for name, _ in model.named_parameters():
        stack, layer = layer_of(name, known)
        found[name] = Place(_group(name, stack, named), stack, layer)
    return found


def stacks(model: nn.Module) -> Stacks:
    """The outermost lists of layers, each made of several modules."""
    from torch import nn

    found: dict[str, int] = {}
    for name, module in model.named_modules():
        inside = any(name.startswith(f"{outer}.") for outer in found)
        layers = isinstance(module, nn.ModuleList) and any(any(one.children()) for one in module)
        if layers and not inside:
            found[name] = len(module)
    return found


def layer_of(name: str, known: Stacks) -> tuple[str | None, int | None]:
    """The stack, and the layer of it, that a weight or module is in."""
    for stack in known:
        if name.startswith(f"{stack}."):
            return stack, int(name.removeprefix(f"{stack}.").split(".", 1)[0])
    return None, None


def _group(name: str, stack: str | None, named: Mapping[str, nn.Module]) -> Group:
    """Decided by the modules that a weight is in, the innermost ones first."""
    module = name.rpartition(".")[0]
    if stack is None:
        if _kind(module, named) == "layer_norms":
            return "layer_norms"
        while module and "embedding" not in type(named[module]).__name__.lower():
            module = module.rpartition(".")[0]
        return "embeddings" if module else "other"
    layer = name[: name.index(".", len(stack) + 1)]
    family = type(named[layer]).__name__
    outer = module
    while len(outer) >= len(stack):
        kind = _kind(outer, named, family)
        if kind is not None:
            return kind
        outer = outer.rpartition(".")[0]
    return "feed_forward" if _is_beside_attention(module, layer, named) else "other"


def _kind(module: str, named: Mapping[str, nn.Module], family: str = "") -> Group | None:
    """What a module's class and the attribute it is held by say.

    What its class has in common with that of its layer says nothing, such as `Qwen2Moe`.
    """
    own = type(named[module]).__name__
    shared = takewhile(lambda pair: pair[0] == pair[1], zip(own, family, strict=False))
    own = own[len(list(shared)) :]
    words = [word.lower().replace("_", "") for word in (module.rpartition(".")[2], own)]
    if any("norm" in word for word in words):
        return "layer_norms"
    if any("attention" in word for word in words):
        return "attention"  # relative positions, though an embedding, are part of it
    if any(part in word for word in words for part in _FEED_FORWARD):
        return "feed_forward"
    return None


def _is_beside_attention(module: str, layer: str, named: Mapping[str, nn.Module]) -> bool:
    """Whether it is (in) a linear layer next to an attention, such as BART's and OPT's `fc1`."""
    while len(module) > len(layer):
        parent = module.rpartition(".")[0]
        if "linear" in type(named[module]).__name__.lower() and any(
            _kind(f"{parent}.{child}", named) == "attention"
            for child, _ in named[parent].named_children()
        ):
            return True
        module = parent
    return False
