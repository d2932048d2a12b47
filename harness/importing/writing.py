"""An account as an experiment file: every line says which line there it comes from.

Checks the experiment before a byte is written, and names the leaf that is to blame.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from harness.errors import ExperimentError, OutputError
from harness.experiment import Experiment
from harness.experiment.load import resolve_base
from harness.importing.account import Entry
from harness.importing.reading import Leaf

__all__ = ["check_free", "name_of", "text_of", "tree_of", "write"]

_ORDER = ("name", "question", "base", "factors", "seeds", "analysis", "resources", "wandb")
_BASE = ("data", "prompt", "model", "training", "generation")


def name_of(output: Path) -> str:
    """The experiment's name, from that of its file."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", output.stem).strip("-._")[:80] or "imported"


def check_free(output: Path, *, force: bool) -> None:
    """Refuse a file that exists, or a folder in its place.

    Raises
    ------
    OutputError
    """
    if output.is_dir():
        raise OutputError(
            "the experiment file cannot be written there",
            where=str(output),
            got="a folder",
            fix="-o experiments/NAME.yaml",
        )
    if output.exists() and not force:
        raise OutputError(
            "the experiment file exists already",
            where=str(output),
            fix="give another name after -o, or --force to replace it",
        )


def tree_of(entries: Sequence[Entry]) -> dict[str, Any]:
    """The experiment that an account sets, in the order of the language's sections.

    Raises
    ------
    ExperimentError
        A rule of the language is broken; the message names the leaf that did it.
    """
    tree: dict[str, Any] = {}
    for _, outcome in entries:
        for path, value in outcome.sets.items():
            *sections, last = path.split(".")
            place = tree
            for section in sections:
                place = place.setdefault(section, {})
            place[last] = value
    tree["base"] = _ordered(tree["base"], _BASE)
    tree = _ordered(tree, _ORDER)
    _check(tree, entries)
    return tree


def text_of(tree: Mapping[str, Any], entries: Sequence[Entry], header: Sequence[str]) -> str:
    """The experiment file's text.

    Parameters
    ----------
    tree : mapping
        From `tree_of`.
    entries : sequence of Entry
        Give the comment of each line.
    header : sequence of str
        Comments at the top.
    """
    origins: dict[str, str] = {}
    for leaf, outcome in entries:
        for path in outcome.sets:
            origins.setdefault(path, f"from {leaf.path}" if leaf else "added by the importer")
    lines = ["# yaml-language-server: $schema=experiment.schema.json"]
    lines += [f"# {line}".rstrip() for line in header]
    return "\n".join([*lines, *_block(tree, origins, "", 0)]) + "\n"


def write(output: Path, text: str) -> None:
    """Write the file, and make the folder that it is in.

    Raises
    ------
    OutputError
    """
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(
            "the experiment file cannot be written", where=str(output), got=error.strerror
        ) from None


def _ordered(tree: dict[str, Any], order: Sequence[str]) -> dict[str, Any]:
    return {name: tree[name] for name in order if name in tree} | tree


def _check(tree: dict[str, Any], entries: Sequence[Entry]) -> None:
    try:
        experiment = Experiment.model_validate(tree)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise _explained(problem["loc"], str(problem["msg"]), entries) from None
    for name, factor in experiment.factors.items():
        for label, changes in factor.levels.items():
            resolve_base(experiment.base, [changes], f"factors.{name}: {label}")


def _explained(
    location: Sequence[str | int], message: str, entries: Sequence[Entry]
) -> ExperimentError:
    what = message.removeprefix("Value error, ")
    # pydantic puts the kind of adapter into the location
    parts = [str(part) for part in location]
    if "adapter" in parts[:-1]:
        del parts[parts.index("adapter") + 1]
    blamed = _to_blame(parts, what, entries)
    if blamed is None:
        return ExperimentError(what, where=f"the experiment's {'.'.join(parts)}")
    leaf, paths = blamed
    return ExperimentError(
        what,
        where=leaf.where,
        got="null" if leaf.value is None else leaf.value,
        fix=f"it became {', '.join(paths)}: change it there, and import again",
    )


def _to_blame(
    parts: Sequence[str], what: str, entries: Sequence[Entry]
) -> tuple[Leaf, Sequence[str]] | None:
    """The leaf that set what is wrong; of a whole section, one that the message speaks of."""
    given = [(leaf, outcome.sets) for leaf, outcome in entries if leaf is not None]
    wrong = ".".join(parts) + "."
    for leaf, sets in given:
        if any(wrong.startswith(f"{path}.") for path in sets):
            return leaf, list(sets)
    within = [
        (leaf, path, value)
        for leaf, sets in given
        for path, value in sets.items()
        if path.startswith(wrong)
    ]
    words = set(re.findall(r"\w+", what))
    for leaf, path, value in within:
        if str(value) in words or path.rpartition(".")[2] in words:
            return leaf, [path]
    return (within[0][0], [within[0][1]]) if within else None


def _block(
    tree: Mapping[str, Any], origins: Mapping[str, str], above: str, depth: int
) -> Iterator[str]:
    for key, value in tree.items():
        path = f"{above}.{key}" if above else str(key)
        indent = "  " * depth
        origin = origins.get(path)
        if isinstance(value, Mapping) and value and (origin is None or depth == 0):
            yield f"{indent}{_flow(key)}:" + (f"  # {origin}" if origin else "")
            yield from _block(value, origins, path, depth + 1)
        else:
            line = f"{indent}{_flow(key)}: {_flow(value)}"
            yield f"{line}  # {origin}" if origin else line


def _flow(value: Any) -> str:
    """A value on one line."""
    style = '"' if isinstance(value, str) and ("\n" in value or value != value.strip()) else None
    text = yaml.safe_dump(
        value,
        default_flow_style=True,
        default_style=style,
        allow_unicode=True,
        sort_keys=False,
        width=float("inf"),
    )
    return text.removesuffix("...\n").strip()
