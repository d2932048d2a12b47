"""Dotted paths: what levels and `--set` use to change a configuration.

A path such as `model.adapter.r` names a place in nested mappings. Values are
only put in place here; whether they are allowed is the schema's business.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import yaml

from harness.errors import ExperimentError
from harness.experiment.schema import Base, Experiment

__all__ = ["parse_assignment", "with_overrides"]

Tree = dict[str, Any]


def with_overrides(tree: Mapping[str, Any], overrides: Mapping[str, Any]) -> Tree:
    """Copy of `tree` with each dotted path of `overrides` set to its value.

    Raises
    ------
    ExperimentError
        A path is malformed, or goes through something that is not a mapping.
    """
    changed: Tree = copy.deepcopy(dict(tree))
    for path, value in overrides.items():
        _put(changed, path, copy.deepcopy(value))
    return changed


def parse_assignment(text: str) -> tuple[str, Any]:
    """Split `PATH=VALUE` of the command line; the value is read as YAML.

    Paths may start at the file's root (`base.training.epochs`) or, as in levels,
    at the base configuration (`training.epochs`).
    """
    path, separator, value = text.partition("=")
    path = path.strip()
    if not separator or not path:
        raise ExperimentError(
            "this is not an assignment",
            where="--set",
            got=text,
            allowed="PATH=VALUE, such as base.training.epochs=2",
        )
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError:
        parsed = value
    if isinstance(parsed, dict) and parsed and ":" not in value:
        parsed = value  # "{question}" is a template, not a mapping without a value
    head = path.split(".", 1)[0]
    if head in Base.model_fields and head not in Experiment.model_fields:
        path = f"base.{path}"
    return path, parsed


def _put(tree: Tree, path: str, value: Any) -> None:
    *parents, last = path.split(".")
    if not all([*parents, last]):
        raise ExperimentError(
            "a dotted path has an empty part",
            where=path,
            allowed="names joined by single dots, such as training.learning_rate",
        )
    node = tree
    for depth, name in enumerate(parents):
        below = node.get(name)
        if below is None:
            below = node[name] = {}
        if not isinstance(below, dict):
            raise ExperimentError(
                "a dotted path goes through a value that has no parts",
                where=path,
                got=f"{'.'.join(parents[: depth + 1])} = {below!r}",
                fix=f"set {'.'.join(parents[: depth + 1])} as a whole",
            )
        node = below
    node[last] = value
