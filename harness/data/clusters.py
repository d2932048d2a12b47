"""What items are nested in: choosing the fields, and naming the clusters.

Only names them; what nesting means for an interval is `reports.statistics`' work.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.data.items import Item
from harness.data.messages import listed, nearest
from harness.errors import DataError
from harness.results import RESERVED_COLUMNS

__all__ = ["DEFAULT_CLUSTERS", "choose_clusters", "with_clusters"]

DEFAULT_CLUSTERS = ("title", "context")
_LONGEST_NAME = 80


def choose_clusters(
    wanted: Sequence[str] | None,
    splits: Mapping[str, Sequence[Item]],
    where: str = "base.data.clusters",
) -> tuple[str, ...]:
    """The fields that items are nested in, outermost first.

    Left open, they are those of `DEFAULT_CLUSTERS` that the test items have. `where` is what
    named them, for messages.

    Raises
    ------
    DataError
        A field is named that no item of some split has, one is named twice, or one is called
        like a column of the results.
    """
    for name in wanted or ():
        if name in RESERVED_COLUMNS:
            raise DataError(
                "a cluster has the name of a column of the results",
                where=where,
                got=name,
                allowed=f"any field but {listed(sorted(RESERVED_COLUMNS))}",
                fix=f"give the field another name: data.fields: {{my_{name}: {name}}}",
            )
    if wanted is None:
        known = _filled(splits["test"])
        return tuple(name for name in DEFAULT_CLUSTERS if name in known)
    for role, items in splits.items():
        known = _filled(items)
        for name in wanted:
            if name not in known:
                raise DataError(
                    f"there is no field {name!r} that items could be nested in",
                    where=f"{where}, for the {role} items",
                    got=listed(wanted),
                    allowed=f"fields with text in them: {listed(known)}",
                    fix=nearest(name, known),
                )
    if len(set(wanted)) < len(wanted):
        raise DataError("a cluster is named twice", where=where, got=listed(wanted))
    return tuple(wanted)


def with_clusters(
    items: Sequence[Item], names: Sequence[str], role: str
) -> tuple[list[Item], list[str]]:
    """The items with their clusters filled in, and notes on items that lack a field.

    An item whose field is blank is nested in nothing there, so it counts as a cluster of its
    own. Items of a split that has one of the fields nowhere get no clusters at all.
    """
    if not names:
        return list(items), []
    filled = _filled(items)
    absent = [name for name in names if name not in filled]
    if absent:
        note = f"{role}: no item has {listed(absent)}, so its items are not nested in anything"
        return list(items), [note]
    cache: dict[tuple[str, ...], tuple[str, ...]] = {}
    blank = dict.fromkeys(names, 0)
    placed = []
    for item in items:
        path = []
        for name in names:
            text = item.fields.get(name, "")
            if not text.strip():
                blank[name] += 1
                text = f"(no {name}) {item.id}"
            path.append(text)
        key = tuple(path)
        if key not in cache:
            cache[key] = _named(key)
        placed.append(replace(item, clusters=cache[key]))
    notes = [
        f"{role}: {number:,} of {len(items):,} items have no {name};"
        f" each of them counts as a {name} cluster of its own"
        for name, number in blank.items()
        if number
    ]
    return placed, notes


def _filled(items: Sequence[Item]) -> list[str]:
    """Fields that hold text in at least one item."""
    names: dict[str, None] = {}
    for item in items:
        names.update((name, None) for name, text in item.fields.items() if text.strip())
    return list(names)


def _named(path: tuple[str, ...]) -> tuple[str, ...]:
    """A name per level. Inner ones hash the outer text too, which keeps them apart by it."""
    outer = path[0] if len(path[0]) <= _LONGEST_NAME else _short_hash(path[:1])
    return (outer, *(_short_hash(path[: depth + 1]) for depth in range(1, len(path))))


def _short_hash(path: tuple[str, ...]) -> str:
    # 48 bits: two of 100,000 contexts get the same name once in 56,000 data sets.
    return hashlib.sha256(json.dumps(path).encode("ascii")).hexdigest()[:12]
