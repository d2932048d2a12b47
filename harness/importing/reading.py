"""Another tool's YAML as a flat list of leaves, each with its line.

Knows YAML only; what a leaf means is the importers' work.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from harness.errors import ExperimentError

__all__ = ["Leaf", "read_leaves"]


class Leaf(NamedTuple):
    """A value of the file: a scalar, a list of scalars, or an empty mapping or list.

    Attributes
    ----------
    file : str
    path : str
        Dotted; entries of a list of mappings are counted from 0.
    value : object
    line : int
        Counted from 1.
    """

    file: str
    path: str
    value: Any
    line: int

    @property
    def where(self) -> str:
        """The place, as messages name it."""
        return f"{self.file}, line {self.line}: {self.path}"


def read_leaves(path: str | Path) -> list[Leaf]:
    """All leaves of a YAML file whose top is a mapping, in the file's order.

    Raises
    ------
    ExperimentError
        The file cannot be read, is not YAML, is no mapping, has a key twice, or contains itself.
    """
    text = _text(Path(path))
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode) or not node.value:
            found = "an empty file" if node is None else loader.construct_object(node, deep=True)
            raise ExperimentError(
                "a configuration is a mapping of keys to values", where=str(path), got=found
            )
        leaves = list(_leaves(loader, node, (), str(path)))
    except RecursionError:
        raise ExperimentError("an alias of this YAML contains itself", where=str(path)) from None
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise ExperimentError("this is not YAML", where=f"{path}{line}", got=problem) from None
    finally:
        loader.dispose()
    return leaves


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ExperimentError(
            "the configuration cannot be read",
            where=str(path),
            got=reason,
            fix="give the path of a YAML file",
        ) from None


def _leaves(
    loader: yaml.SafeLoader, node: yaml.Node, path: tuple[str, ...], file: str, line: int = 1
) -> Iterator[Leaf]:
    if isinstance(node, yaml.MappingNode) and node.value:
        _check_keys(node, path, file)
        loader.flatten_mapping(node)  # `<<: *anchor`
        own = {key.value: (key, value) for key, value in node.value}  # its own keys come last
        for key, value in own.values():
            below = (*path, str(key.value))
            yield from _leaves(loader, value, below, file, key.start_mark.line + 1)
    elif isinstance(node, yaml.SequenceNode) and _has_mappings(node):
        for index, value in enumerate(node.value):
            below = (*path, str(index))
            yield from _leaves(loader, value, below, file, value.start_mark.line + 1)
    else:
        yield Leaf(file, ".".join(path), loader.construct_object(node, deep=True), line)


def _has_mappings(node: yaml.SequenceNode) -> bool:
    return any(isinstance(one, yaml.MappingNode) for one in node.value)


def _check_keys(node: yaml.MappingNode, path: tuple[str, ...], file: str) -> None:
    seen: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise ExperimentError(
                "a key is not a plain name", where=f"{file}, line {key.start_mark.line + 1}"
            )
        line = key.start_mark.line + 1
        if key.value in seen and key.value != "<<":
            raise ExperimentError(
                "a key occurs twice in the same mapping",
                where=f"{file}, line {line}: {'.'.join((*path, key.value))}",
                got=f"first on line {seen[key.value]}",
                fix="keep one of them",
            )
        seen[key.value] = line
