"""From the configuration of the data to the data set: the order of the steps.

Every step is done elsewhere; a `limit` comes first, then items that are too long are left out if
that is asked for, then validation is carved from what is left.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.data.characters import Measured, measure, short_enough
from harness.data.clusters import choose_clusters, with_clusters
from harness.data.conversion import to_items
from harness.data.items import Dataset, Item
from harness.data.records import Reader
from harness.data.sources import Hub, Place, read_file, read_place
from harness.data.splits import carved, overlap_notes, sampled, size_note
from harness.errors import DataError

if TYPE_CHECKING:
    from harness.experiment.data import Data

__all__ = ["assemble", "assemble_test"]


def assemble(data: Data, readers: Mapping[str, Reader], hub: Hub) -> Dataset:
    """The items of a configuration.

    Raises
    ------
    DataError
        A source, file, field or row cannot be used.
    """
    splits: dict[str, list[Item]] = {}
    notes: list[str] = []
    origins: dict[str, str] = {}
    for place in _places(data):
        origin = read_place(place, data, readers, hub)
        # one file may be written in several ways: ./qa.json, data/../qa.json
        origins[place.role] = os.path.realpath(origin.name) if place.file else origin.name
        _check_held_out(origins)
        splits[place.role], found = to_items(origin, data.fields, place.role)
        notes += found
    names = choose_clusters(data.clusters, splits)
    if not names:
        notes.append("no clusters: items are treated as independent of each other")
    left_out: list[Measured] = []
    for role, items in splits.items():
        placed, found = with_clusters(items, names, role)
        sample, limited = sampled(placed, _limit(data, role), role)
        splits[role], long, dropped = short_enough(sample, data.max_characters, role)
        left_out += long
        notes += found + limited + dropped
    if data.validation is not None and data.validation.share is not None:
        outer = names[0] if names else None
        train, part, found = carved(splits["train"], data.validation.share, outer)
        part, limited = sampled(part, data.validation.limit, "validation")
        splits |= {"train": train, "validation": part}
        notes += found + limited
    splits.setdefault("validation", [])
    characters, found = measure(splits, data.max_characters, left_out)
    notes += found
    sizes = [size_note(role, items, names) for role, items in splits.items() if items]
    notes = sizes + notes + overlap_notes(splits, names)
    parts = {role: tuple(items) for role, items in splits.items()}
    return Dataset(**parts, cluster_names=names, notes=tuple(notes), characters=characters)


def assemble_test(
    file: str, clusters: Sequence[str] | None, readers: Mapping[str, Reader]
) -> Dataset:
    """A data set that is one file of test items.

    Raises
    ------
    DataError
        The file, a cluster's field or a row cannot be used.
    """
    items, notes = to_items(read_file(file, readers, "--references"), {}, "test")
    names = choose_clusters(clusters, {"test": items}, "--clusters")
    placed, found = with_clusters(items, names, "test")
    notes = [size_note("test", placed, names), *notes, *found]
    return Dataset((), (), tuple(placed), names, tuple(notes))


def _places(data: Data) -> list[Place]:
    """What is read, in the order in which it is."""
    places = [
        Place("train", data.train.split, data.train.file),
        Place("test", data.test.split, data.test.file),
    ]
    held = data.validation
    if held is not None and held.share is None:
        places.append(Place("validation", held.split, held.file))
    return places


def _check_held_out(origins: Mapping[str, str]) -> None:
    """An origin's name says what was read, which a place alone does not: file, split or both."""
    if "validation" in origins and origins["validation"] == origins["test"]:
        raise DataError(
            "validation would use the test items",
            where="base.data.validation",
            got=origins["test"],
            allowed="items that no arm is compared on",
            fix="set validation.share to carve items from the training items",
        )


def _limit(data: Data, role: str) -> int | None:
    part = {"train": data.train, "test": data.test, "validation": data.validation}[role]
    return part.limit if part is not None else None
