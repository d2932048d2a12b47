"""What became of each leaf of another tool's configuration.

The account is the translation: an experiment is what its entries set, so that nothing can be
taken over without a line here, and no leaf can be passed over. Knows no tool.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from harness.errors import ExperimentError
from harness.importing.reading import Leaf

__all__ = [
    "Entry",
    "Outcome",
    "Rule",
    "Table",
    "Tree",
    "account_as_text",
    "accounted",
    "added",
    "as_here",
    "changed",
    "nothing",
    "number",
    "numeric",
    "only",
    "refused",
    "same",
    "taken",
    "to",
    "without",
]

Kind = Literal["taken", "changed", "without", "added"]
Tree: TypeAlias = Mapping[str, Any]
"""From the dotted path of each leaf to its value."""

_HEADINGS: Mapping[Kind, str] = {
    "taken": "Taken over",
    "changed": "Changed",
    "without": "Without counterpart",
    "added": "Added, because your file says nothing of it",
}


class Outcome(NamedTuple):
    """What a rule makes of a leaf.

    Attributes
    ----------
    kind : {"taken", "changed", "without", "added"}
    sets : mapping
        From dotted paths of an experiment to values.
    why : str
        For a change its reason, without counterpart what to do instead.
    """

    kind: Kind
    sets: Mapping[str, Any]
    why: str = ""


class Entry(NamedTuple):
    """A line of the account; without a leaf it was added."""

    leaf: Leaf | None
    outcome: Outcome


Rule: TypeAlias = Callable[[Leaf, Tree], Outcome]
Table: TypeAlias = Mapping[str, Rule]
"""From a path, or `section.*` for all that is in a section, to its rule."""


def taken(path: str, value: Any) -> Outcome:
    """The same here, at this path."""
    return Outcome("taken", {path: value})


def changed(sets: Mapping[str, Any], why: str) -> Outcome:
    """Something else here."""
    return Outcome("changed", sets, why)


def nothing(why: str) -> Outcome:
    """Taken over by setting nothing."""
    return Outcome("taken", {}, why)


def without(why: str) -> Outcome:
    """No counterpart; `why` says what to do instead."""
    return Outcome("without", {}, why)


def added(path: str, value: Any, why: str) -> Entry:
    """An entry that no leaf asked for."""
    return Entry(None, Outcome("added", {path: value}, why))


def to(path: str) -> Rule:
    """A rule: this value, at this path; null sets nothing."""

    def rule(leaf: Leaf, tree: Tree) -> Outcome:
        return (
            nothing("null there, left out here") if leaf.value is None else taken(path, leaf.value)
        )

    return rule


def only(why: str) -> Rule:
    """A rule: no counterpart, whatever the value."""
    return lambda leaf, tree: without(why)


def numeric(path: str) -> Rule:
    """A rule: this number, at this path; null sets nothing."""

    def rule(leaf: Leaf, tree: Tree) -> Outcome:
        return (
            nothing("null there, left out here")
            if leaf.value is None
            else taken(path, number(leaf))
        )

    return rule


def same(*values: Any, why: str, otherwise: str) -> Rule:
    """A rule: these values (and null) are how it is here, `otherwise` there is no counterpart."""

    def rule(leaf: Leaf, tree: Tree) -> Outcome:
        return nothing(why) if leaf.value is None or leaf.value in values else without(otherwise)

    return rule


def as_here(why: str) -> Rule:
    """A rule: that is how it always is here."""
    return lambda leaf, tree: nothing(why)


def number(leaf: Leaf) -> float:
    """The leaf's value as a number; YAML reads 1e-4 as text.

    Raises
    ------
    ExperimentError
        It is none.
    """
    try:
        value = float(leaf.value)
    except (TypeError, ValueError):
        value = math.nan
    if isinstance(leaf.value, bool) or not math.isfinite(value):
        raise refused(leaf, "this is not a number")
    return int(value) if value.is_integer() else value


def refused(
    leaf: Leaf, what: str, *, allowed: str | None = None, fix: str | None = None
) -> ExperimentError:
    """The error for a leaf that cannot be imported."""
    got = "null" if leaf.value is None else leaf.value
    return ExperimentError(what, where=leaf.where, got=got, allowed=allowed, fix=fix)


def accounted(
    leaves: Sequence[Leaf],
    table: Table,
    tree: Tree,
    key: Callable[[Leaf], str] = lambda leaf: leaf.path,
) -> list[Entry]:
    """One entry for each leaf, in order.

    Of leaves that set the same path, the first holds, and the account of a later one says so.

    Parameters
    ----------
    leaves : sequence of Leaf
    table : mapping
        Rules by key.
    tree : mapping
        Values by key, for rules that need more than their own leaf.
    key : callable
        What a leaf is called in `table` and `tree`; its path if left out.

    Raises
    ------
    ExperimentError
        A leaf cannot be imported.
    """
    entries: list[Entry] = []
    held: dict[str, tuple[Leaf, Any]] = {}
    for leaf in leaves:
        outcome = _rule(leaf, key(leaf), table)(leaf, tree)
        clashes = [p for p, value in outcome.sets.items() if p in held and held[p][1] != value]
        if clashes:
            first, value = held[clashes[0]]
            kept = {path: own for path, own in outcome.sets.items() if path not in held}
            why = (
                f"{clashes[0]} is {_shown(value)} already, from {first.path}: one value holds here"
            )
            outcome = Outcome("changed", kept, why)
        for path, value in outcome.sets.items():
            held.setdefault(path, (leaf, value))
        entries.append(Entry(leaf, outcome))
    return entries


def account_as_text(entries: Iterable[Entry]) -> str:
    """The account, a paragraph for each kind, a line or two for each leaf."""
    listed = list(entries)
    files = dict.fromkeys(entry.leaf.file for entry in listed if entry.leaf)
    parts = []
    for kind, heading in _HEADINGS.items():
        own = [entry for entry in listed if entry.outcome.kind == kind]
        if own:
            lines = [line for entry in own for line in _lines(entry, named=len(files) > 1)]
            parts.append("\n".join([f"{heading} ({len(own)}):", *lines]))
    return "\n\n".join(parts)


def _lines(entry: Entry, *, named: bool) -> list[str]:
    leaf, (_, sets, why) = entry
    here = ", ".join(f"{path} = {_shown(value)}" for path, value in sets.items())
    if leaf is None:
        return [f"  {here}", f"      {why}"]
    place = f"{leaf.file}, line {leaf.line}" if named else f"line {leaf.line}"
    there = f"  {place}: {leaf.path}"
    if sets and entry.outcome.kind == "taken":
        return [f"{there} -> {here}"] + ([f"      {why}"] if why else [])
    there += f" = {_shown(leaf.value)}"
    return [f"{there} -> {here}" if sets else there, f"      {why}"]


def _shown(value: Any, limit: int = 70) -> str:
    text = repr(value) if isinstance(value, str) and ("\n" in value or not value) else str(value)
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else text
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _rule(leaf: Leaf, key: str, table: Table) -> Rule:
    if key in table:
        return table[key]
    parts = key.split(".")
    for end in range(len(parts), 0, -1):
        section = ".".join(parts[:end]) + ".*"
        if section in table:
            return table[section]
    if any(known.startswith(f"{key}.") for known in table):
        if leaf.value is None or leaf.value in ({}, []):
            return as_here("an empty section, nothing set")
        raise refused(leaf, "this has to be a section of keys and values")
    near = difflib.get_close_matches(key, table, n=1, cutoff=0.75)
    hint = f"; did you mean {near[0].rpartition('.')[2]!r}?" if near else ""
    return only(f"this key is not known to the importer, so nothing was set for it{hint}")
