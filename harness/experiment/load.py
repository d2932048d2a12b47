"""Reading an experiment file, with errors that say where the file is wrong.

Knows YAML and line numbers; knows nothing of data or models.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from harness.errors import ExperimentError
from harness.experiment.base import Base
from harness.experiment.overrides import parse_assignments, with_overrides
from harness.experiment.schema import Experiment

__all__ = ["Located", "load_experiment", "resolve_base", "schema_as_json"]

Location = tuple[str | int, ...]
_MOST_SHOWN = 200  # characters of a value


class Located(NamedTuple):
    """A mapping read from a file, and the line on which each of its paths stands.

    Attributes
    ----------
    name : str
        The file's name, for messages.
    tree : dict
        The file's content.
    lines : dict
        From path to line number, counted from 1.
    assigned : tuple of str
        Dotted paths that the command line has set.
    """

    name: str
    tree: dict[str, Any]
    lines: dict[Location, int]
    assigned: tuple[str, ...] = ()

    def where(self, location: Location) -> str:
        """`file, line N: dotted.path` for a place in the tree, or the nearest one above it."""
        dotted = ".".join(str(part) for part in location)
        if any(f"{dotted}.".startswith(f"{path}.") for path in self.assigned):
            return f"--set {dotted}"
        for end in range(len(location), -1, -1):
            if location[:end] in self.lines:
                return f"{self.name}, line {self.lines[location[:end]]}: {dotted or '(whole file)'}"
        return f"{self.name}: {dotted}"


def load_experiment(path: str | Path, assignments: Sequence[str] = ()) -> Experiment:
    """Read an experiment file and apply the assignments of `--set` to it.

    Parameters
    ----------
    path : str or Path
        The YAML file.
    assignments : sequence of str
        Overrides in the order in which they are applied.

    Raises
    ------
    ExperimentError
        The file cannot be read, is not YAML, or breaks a rule of the language.
    """
    overrides: dict[str, Any] = {}
    for text in assignments:
        overrides |= parse_assignments(text)
    located = _read(Path(path))._replace(assigned=tuple(overrides))
    try:
        experiment = Experiment.model_validate(with_overrides(located.tree, overrides))
    except ValidationError as error:
        raise _explained(error, Experiment, located) from None
    for factor, axis in experiment.factors.items():
        for label, changes in axis.levels.items():
            kind = "control" if label in axis.control else "treatments"
            at: Location = ("factors", factor, kind, label)
            resolve_base(experiment.base, [changes], located.where(at))
    return experiment


def resolve_base(base: Base, changes: Sequence[Mapping[str, Any]], where: str) -> Base:
    """`base` with the overrides of one or more levels applied in turn.

    Raises
    ------
    ExperimentError
        A path or value is not part of the language; the message starts from `where`.
    """
    tree = base.model_dump()
    for overrides in changes:
        dotted = {path.removeprefix("base."): value for path, value in overrides.items()}
        for path, value in dotted.items():
            if path in Base.model_fields:  # it would reset what it does not mention
                inner = ", ".join(f"{path}.{name}" for name in value) if value else f"{path}.…"
                raise ExperimentError(
                    "a level overrides a whole section",
                    where=where,
                    got=path,
                    allowed="dotted paths to what differs",
                    fix=f"write {inner}",
                )
        tree = with_overrides(tree, dotted)
    try:
        return Base.model_validate(tree)
    except ValidationError as error:
        raise _explained(error, Base, Located(where, tree, {})) from None


def schema_as_json() -> dict[str, Any]:
    """JSON schema of experiment files, for editors."""
    schema = Experiment.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema


def _read(path: Path) -> Located:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ExperimentError(
            "the experiment file cannot be read",
            where=str(path),
            got=reason,
            fix="give the path of a YAML file, such as experiments/quickstart.yaml",
        ) from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        tree = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise ExperimentError("this is not YAML", where=f"{path}{line}", got=problem) from None
    if not isinstance(tree, dict) or node is None:
        raise ExperimentError(
            "an experiment file is a mapping of keys to values",
            where=str(path),
            got="an empty file" if tree is None else type(tree).__name__,
            allowed=", ".join(Experiment.model_fields),
        )
    lines: dict[Location, int] = {}
    try:
        _note_lines(node, (), lines, str(path))
    except RecursionError:
        raise ExperimentError("an alias of this YAML contains itself", where=str(path)) from None
    return Located(str(path), tree, lines)


def _note_lines(node: yaml.Node, location: Location, lines: dict[Location, int], name: str) -> None:
    lines.setdefault(location, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen: dict[Any, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                raise ExperimentError(
                    "a key occurs twice in the same mapping",
                    where=f"{name}, line {line}: {'.'.join(map(str, (*location, key.value)))}",
                    got=f"first on line {seen[key.value]}",
                    fix="keep one of them",
                )
            seen[key.value] = line
            lines[(*location, key.value)] = line
            _note_lines(value, (*location, key.value), lines, name)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _note_lines(value, (*location, index), lines, name)


def _explained(error: ValidationError, root: type[BaseModel], located: Located) -> ExperimentError:
    """The first problem in full, and how many others there are."""
    problems = error.errors(include_url=False)
    # An unknown key explains a missing one next to it, so it comes first.
    problem = min(problems, key=lambda entry: entry["type"] != "extra_forbidden")
    # Of the members of a union, the one that got farthest is what was meant.
    tags = [at for at, part in enumerate(problem["loc"]) if _is_tag(part)]
    beside = [
        one for one in problems if tags and one["loc"][: tags[0]] == problem["loc"][: tags[0]]
    ]
    problem = max(beside, key=lambda entry: len(entry["loc"])) if beside else problem
    problems = [one for one in problems if one not in beside or one is problem]
    location, names = _walk(root, problem["loc"])
    allowed, fix, got = None, None, problem["input"]
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        message, allowed = f"unknown key {location[-1]!r}", ", ".join(names)
        fix, got = _nearest(str(location[-1]), names), None
    elif problem["type"] == "missing":
        entry = isinstance(location[-1], int)
        name = (
            f"entry {int(location[-1]) + 1} of the list" if entry else f"the key {location[-1]!r}"
        )
        message, got = f"{name} is missing", None
    elif problem["type"] in ("model_type", "model_attributes_type", "dict_type"):
        message = "this has to be a mapping of keys to values"
        fix = "write null for none" if str(got).lower() == "none" else None
    elif problem["type"] == "value_error" and len(repr(got)) > _MOST_SHOWN:
        got = None  # a whole section; the message names what is wrong in it
    elif problem["type"] == "string_pattern_mismatch":
        message = "this name has a character that is not allowed, or is empty"
        allowed = f"text that matches {problem['ctx']['pattern']}"
    elif location[-1:] == ("[key]",):
        location = location[:-1]
        if not isinstance(got, str):  # YAML reads yes, off and 4 as something else
            message, fix = "a label is not text", f"write it in quotes: {str(got)!r}"
    elif problem["type"] in ("literal_error", "union_tag_invalid"):
        ctx = problem["ctx"]
        message = "this value is not one of those allowed"
        allowed = ctx["expected" if "expected" in ctx else "expected_tags"]
        if any(str(one["loc"][-1]).startswith("tuple[") for one in beside):
            allowed += ", or a list of names"
        if "tag" in ctx:
            got, location = ctx["tag"], (*location, ctx["discriminator"].strip("'"))
        fix = _nearest(str(got), re.findall(r"'([^']*)'", allowed))
    elif problem["type"] == "union_tag_not_found":
        message = "the key 'kind' is missing"
        if location[:2] == ("search", "space") and isinstance(next(iter(got.values()), None), dict):
            path = f"{location[-1]}.{next(iter(got))}"
            fix = f"a dotted path is one key: search.space={{{path}: {{kind: …}}}}"
    if len(problems) > 1:
        rest = f"{len(problems) - 1} more after this one"
        fix = f"{fix} ({rest})" if fix else rest
    return ExperimentError(
        message, where=located.where(location), got=got, allowed=allowed, fix=fix
    )


_CALLED = {"gpu": "cuda"}  # what is usual elsewhere, and nearer to another of our names


def _nearest(name: str, known: Sequence[str]) -> str | None:
    by_lower = {one.lower(): one for one in known}
    name = _CALLED.get(name.lower(), name)
    near = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return f"did you mean {by_lower[near[0]]!r}?" if near else None


def _walk(root: type[BaseModel], location: Location) -> tuple[Location, list[str]]:
    """A location without the tags that pydantic puts into it, and the names allowed beside it."""
    current: Any = root
    path: list[str | int] = []
    for index, part in enumerate(location):
        last = index == len(location) - 1
        models = _models_in(current)
        tagged = next((model for model in models if part in _tags(model)), None)
        if _is_tag(part) or (tagged is not None and len(models) > 1):
            current = tagged or current
            continue
        path.append(part)
        owner = next((m for m in models if part in m.model_fields), None)
        if last:
            return tuple(path), list(dict.fromkeys(n for m in models for n in m.model_fields))
        if owner is not None:
            current = owner.model_fields[str(part)].annotation
        else:  # a dict's key or a sequence's index: go on with what it holds
            held = get_args(current)
            current = next((arg for arg in reversed(held) if _models_in(arg)), None)
    return tuple(path), []


def _is_tag(part: str | int) -> bool:
    """Whether pydantic put this into a location to name a member of a union of plain types."""
    return isinstance(part, str) and re.match(r"(literal|tuple|list)\[", part) is not None


def _tags(model: type[BaseModel]) -> tuple[str, ...]:
    """Values of `kind` that choose this model among others."""
    kind = model.model_fields.get("kind")
    return get_args(kind.annotation) if kind is not None else ()


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, UnionType, Annotated):
        return [model for arg in get_args(annotation) for model in _models_in(arg)]
    return []
