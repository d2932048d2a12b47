"""Training only some of a model's own weights.

Decides which weights `requires_grad`; trains nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    where = places(model)
    weights = dict(model.named_parameters())
    frozen = set() if config is None else _frozen(model, config)
    for name in where:
        weights[name].requires_grad_(name not in frozen)
    if frozen >= set(where):
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
    for pattern in config.names:
        frozen |= _matching(pattern, where, "names")
    for pattern in config.except_names:
        frozen -= _matching(pattern, where, "except_names")
    known = stacks(model)
    for layer in config.except_layers:
        _check_layer(layer, known)
        for name, place in where.items():
            if place.stack and place.layer == layer % known[place.stack]:
                frozen.discard(name)
    return frozen


def _matching(pattern: str, names: Iterable[str], key: str) -> set[str]:
    found = {name for name in names if fnmatchcase(name, pattern)}
    if not found:
        raise _nothing(key, pattern, list(names))
    return found


def _nothing(key: str, got: str, known: Sequence[str]) -> ModelError:
    more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
    return ModelError(
        "this matches no weight of the model",
        where=f"base.model.freeze.{key}",
        got=got,
        allowed=", ".join(known[:_MOST_NAMED]) + more,
        fix="* stands for any text, as in encoder.*" if key.endswith("names") else None,
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
