"""What readers hand over: rows as they stand in a file, each with its place.

No meaning is given to columns here; `conversion` does that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.errors import DataError

__all__ = ["NoSplitsError", "Origin", "Reader", "Record", "no_splits"]


class NoSplitsError(DataError):
    """A split was named of a file that has none."""


class Record(NamedTuple):
    """One row.

    Attributes
    ----------
    where : str
        Its place, to which a column's name can be appended: `dev.csv, line 7: ` or
        `dev.json: data[0].paragraphs[3].qas[1].`.
    values : mapping
        From column to value.
    """

    where: str
    values: Mapping[str, object]

    def at(self, column: str) -> str:
        """Place of one of its cells."""
        return f"{self.where}{column}"

    @property
    def place(self) -> str:
        """The row's place, without a column."""
        return self.where.rstrip(":. ")


class Origin(NamedTuple):
    """All rows of one split.

    Attributes
    ----------
    name : str
        Where they come from, for messages.
    records : sequence of Record
    """

    name: str
    records: Sequence[Record]


Reader = Callable[[Path, str | None], list[Record]]
"""Reads one kind of file, or the split of it that is named: None where none is.

Raises DataError, and nothing else, for a wrong file, and NoSplitsError for a split of a file that
has none.
"""


def no_splits(path: Path, split: str) -> NoSplitsError:
    """What is wrong with naming a split of a file that has none."""
    return NoSplitsError(
        "a split is named, but this file has no splits",
        where=str(path),
        got=f"split: {split}",
        allowed='a split only of JSON such as {"train": [...], "test": [...]}',
        fix="leave `split` out; the whole file is read",
    )
