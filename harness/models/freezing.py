"""Training only some of a model's own weights.

Decides which weights `requires_grad`; trains nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from harness.errors import ModelError
from harness.experiment.model import GROUPS, Freeze
from harness.models.groups import Stacks, places, stacks

if TYPE_CHECKING:
    from torch import nn

__all__ = ["freeze"]

_MOST_NAMED = 12


def freeze(model: nn.Module, config: Freeze | None) -> None:
    """Let all weights be trained, but those that a configuration freezes.

    Raises
    ------
    ModelError
        Something that is named matches no weight, or nothing would be trained.
    """
    weights = dict(model.named_parameters())
    frozen = set() if config is None else _frozen(model, config)
    for name, weight in weights.items():
        weight.requires_grad_(name not in frozen)
    if frozen >= set(weights):
        raise ModelError(
            "every weight is frozen, so there is nothing to train",
            where="base.model.freeze",
            fix="name what is trained in except_layers or except_names, or freeze less",
        )


def _frozen(model: nn.Module, config: Freeze) -> set[str]:
    where = places(model)
    groups = GROUPS if config.groups == "all" else config.groups
    frozen = {name for name, place in where.items() if place.group in groups}
    if config.groups != "all":
        for group in groups:
            if all(place.group != group for place in where.values()):
                raise _nothing("groups", group, sorted({one.group for one in where.values()}))
    names = _names(model)
    for pattern in config.names:
        frozen |= _matching(pattern, names, "names")
    for pattern in config.except_names:
        frozen -= _matching(pattern, names, "except_names")
    known = stacks(model)
    for layer in config.except_layers:
        _check_layer(layer, known)
        for name, place in where.items():
            if place.stack and place.layer == layer % known[place.stack]:
                frozen.discard(name)
    return frozen


def _names(model: nn.Module) -> dict[str, str]:
    """From each name of a weight to the one it goes by, which differ where weights are tied."""
    goes_by = {id(parameter): name for name, parameter in model.named_parameters()}
    every = model.named_parameters(remove_duplicate=False)
    return {name: goes_by[id(parameter)] for name, parameter in every}


def _matching(pattern: str, names: Mapping[str, str], key: str) -> set[str]:
    known = [name for name, first in names.items() if name == first]
    found = {name for name in known if fnmatchcase(name, pattern)}
    if not found:
        tied = [f"{n} is {names[n]}, which is tied" for n in names if fnmatchcase(n, pattern)]
        raise _nothing(key, pattern, known, *tied[:1])
    return found


def _nothing(
    key: str, got: str, known: Sequence[str], fix: str = "* stands for any text, as in encoder.*"
) -> ModelError:
    more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
    return ModelError(
        "this matches no weight of the model",
        where=f"base.model.freeze.{key}",
        got=got,
        allowed=", ".join(known[:_MOST_NAMED]) + more,
        fix=fix if key.endswith("names") else None,
    )


def _check_layer(layer: int, known: Stacks) -> None:
    fewest = min(known.values(), default=0)
    if not -fewest <= layer < fewest:
        sizes = ", ".join(f"{size} in {stack}" for stack, size in known.items())
        raise ModelError(
            "the model has no such layer",
            where="base.model.freeze.except_layers",
            got=layer,
            allowed=f"{-fewest} to {fewest - 1}; its layers are {sizes or 'none'}",
        )
