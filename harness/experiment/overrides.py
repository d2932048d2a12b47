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
from harness.experiment.base import Base
from harness.experiment.schema import Experiment

__all__ = ["parse_assignments", "with_overrides"]

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


def parse_assignments(text: str) -> Tree:
    """Overrides that one `--set` gives: `PATH=VALUE`, or several as `{PATH: VALUE, …}`.

    Values are read as YAML. Paths may start at the file's root (`base.training.epochs`)
    or, as in levels, at the base configuration (`training.epochs`). An empty text, which
    is what `mlflow run` passes on when nothing was asked for, gives none.

    Raises
    ------
    ExperimentError
        The text is neither.
    """
    if not text.strip():
        return {}
    if text.lstrip().startswith("{"):
        try:
            several = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError):
            several = None
        if isinstance(several, dict) and all(isinstance(path, str) for path in several):
            return {_from_root(path): value for path, value in several.items()}
    path, separator, value = text.partition("=")
    if not separator or not path.strip() or text.lstrip().startswith("{"):
        raise ExperimentError(
            "this is not an assignment",
            where="--set",
            got=text,
            allowed="PATH=VALUE, such as base.training.epochs=2, or {PATH: VALUE, PATH: VALUE}",
        )
    return {_from_root(path.strip()): _value(value)}


def _value(text: str) -> Any:
    try:
        parsed = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return text
    # "{question}" and "q: {question}" are templates, though YAML reads mappings from them.
    written_as_mapping = text.lstrip().startswith("{") and (not parsed or ":" in text)
    return text if isinstance(parsed, dict) and not written_as_mapping else parsed


def _from_root(path: str) -> str:
    head = path.split(".", 1)[0]
    if head in Base.model_fields and head not in Experiment.model_fields:
        return f"base.{path}"
    return path


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
