"""How many characters items have, against a limit: measured, named, and left out if asked.

Counts code points of the texts as they stand, before any template; tokens are `encoding`'s work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from harness.data.items import Item
from harness.data.messages import counted, listed, nearest
from harness.errors import DataError

if TYPE_CHECKING:
    from harness.experiment.data import MaxCharacters

__all__ = ["Characters", "Measured", "measure", "short_enough"]

_NAMED = 3  # ids in a note; the report has the list
_BEGINNING = 80


class Measured(NamedTuple):
    """The length of one item.

    Attributes
    ----------
    split : {"train", "validation", "test"}
    item : str
        Its id.
    characters : int
        Of all the fields together.
    beginning : str
        Of its question, on one line.
    """

    split: str
    item: str
    characters: int
    beginning: str


@dataclass(frozen=True)
class Characters:
    """The lengths of a data set's items, those that were left out included.

    Attributes
    ----------
    fields : tuple of str
        What was counted; `answer` is an item's first reference.
    limit : int
        The most characters that an item should have.
    drop : bool
        Whether longer items were left out.
    items : tuple of Measured
        By split, in the items' order; the ones left out of a split stand after the others.
    """

    fields: tuple[str, ...]
    limit: int
    drop: bool
    items: tuple[Measured, ...]


def short_enough(
    items: Sequence[Item], wanted: MaxCharacters | None, split: str
) -> tuple[list[Item], list[Measured], list[str]]:
    """Items to be used, the lengths of those that are left out, and a note on them.

    Nothing is left out unless `wanted.drop` asks for it.

    Raises
    ------
    DataError
        A field does not exist, or no item is short enough.
    """
    if wanted is None or not wanted.drop:
        return list(items), [], []
    lengths = _measured(items, wanted, split)
    long = [one for one in lengths if one.characters > wanted.limit]
    out = {one.item for one in long}
    kept = [item for item in items if item.id not in out]
    if not kept:
        raise DataError(
            f"every {split} item is too long and would be left out",
            where="base.data.max_characters",
            got=f"limit {wanted.limit:,}; the shortest of {counted(len(long), 'item')} has"
            f" {min(one.characters for one in long):,} characters of {_together(wanted.fields)}",
            fix="raise the limit, or count fewer fields",
        )
    return kept, long, _long_note(long, len(lengths), wanted, split)


def measure(
    splits: Mapping[str, Sequence[Item]],
    wanted: MaxCharacters | None,
    left_out: Sequence[Measured],
) -> tuple[Characters | None, list[str]]:
    """Lengths of a data set's items, and a note on those that are too long and are used.

    Parameters
    ----------
    splits : mapping
        From `train`, `validation` and `test` to the items that are used.
    wanted : MaxCharacters or None
        None where nobody asked.
    left_out : sequence of Measured
        From `short_enough`.

    Raises
    ------
    DataError
        A field does not exist.
    """
    if wanted is None:
        return None, []
    notes: list[str] = []
    every: list[Measured] = []
    for split, items in splits.items():
        lengths = _measured(items, wanted, split) if items else []
        long = [one for one in lengths if one.characters > wanted.limit]
        notes += _long_note(long, len(lengths), wanted, split)
        every += [*lengths, *(one for one in left_out if one.split == split)]
    if not notes and not left_out:
        most = max(one.characters for one in every)
        notes = [f"no item has {_too_many(wanted)}; the longest has {most:,}"]
    return Characters(wanted.fields, wanted.limit, wanted.drop, tuple(every)), notes


def _measured(items: Sequence[Item], wanted: MaxCharacters, split: str) -> list[Measured]:
    known = {"answer"}.union(*(item.fields for item in items))
    for name in wanted.fields:
        if name not in known:
            raise DataError(
                f"the {split} items have no field {name!r} whose characters could be counted",
                where="base.data.max_characters.fields",
                got=listed(wanted.fields),
                allowed=listed(sorted(known)),
                fix=nearest(name, known),
            )
    return [
        Measured(split, item.id, _length(item, wanted.fields), _beginning(item)) for item in items
    ]


def _length(item: Item, fields: Sequence[str]) -> int:
    texts = {"answer": item.answers[0] if item.answers else "", **item.fields}
    return sum(len(texts.get(name, "")) for name in fields)


def _beginning(item: Item) -> str:
    line = " ".join(item.fields["question"].split())
    return line if len(line) <= _BEGINNING else f"{line[: _BEGINNING - 1].rstrip()}…"


def _long_note(
    long: Sequence[Measured], total: int, wanted: MaxCharacters, split: str
) -> list[str]:
    if not long:
        return []
    first = sorted(long, key=lambda one: -one.characters)[:_NAMED]
    names = ", ".join(f"{one.item} ({one.characters:,})" for one in first)
    more = f" and {len(long) - _NAMED:,} more" if len(long) > _NAMED else ""
    verb = "has" if len(long) == 1 else "have"
    out = f" and {'is' if len(long) == 1 else 'are'} left out" if wanted.drop else ""
    return [
        f"{split}: {len(long):,} of {counted(total, 'item')} {verb} {_too_many(wanted)}{out}:"
        f" {names}{more}"
    ]


def _too_many(wanted: MaxCharacters) -> str:
    return f"more than {wanted.limit:,} characters of {_together(wanted.fields)}"


def _together(fields: Sequence[str]) -> str:
    *others, last = fields
    return f"{', '.join(others)} and {last} together" if others else last
