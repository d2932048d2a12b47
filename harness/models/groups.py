"""Which weights of a network are its embeddings, layer norms, attention, feed-forward.

Found out from the network itself (classes and positions of its modules), so that it holds
for T5, Llama, Mistral, BLOOM, GPT-Neo and for families that nobody has thought of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from harness.experiment.model import Group

if TYPE_CHECKING:
    from torch import nn

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
    return {
        name: Place(_group(name, named), *_layer(name, known))
        for name, _ in model.named_parameters()
    }


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


def _group(name: str, named: Mapping[str, nn.Module]) -> Group:
    """Decided by the classes of the modules a weight is in, the innermost ones first."""
    parts = name.split(".")[:-1]
    classes = [
        type(named[".".join(parts[:end])]).__name__.lower() for end in range(len(parts), 0, -1)
    ]
    if any("norm" in one for one in classes[:1]) or (parts[-1:] and _is_norm(parts[-1])):
        return "layer_norms"
    for one in classes:
        if "attention" in one:  # relative positions, though an embedding, are part of it
            return "attention"
        if any(word in one for word in ("mlp", "layerff", "feedforward", "moe", "experts")):
            return "feed_forward"
    return "embeddings" if classes and "embedding" in classes[0] else "other"


def _is_norm(attribute: str) -> bool:
    return "norm" in attribute.lower() or attribute.lower().startswith("ln_")
