"""What readers hand over: rows as they stand in a file, each with its place.

No meaning is given to columns here; `conversion` does that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

__all__ = ["Origin", "Reader", "Record"]


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


Reader = Callable[[Path], list[Record]]
"""Reads one kind of file. Raises DataError, and nothing else, for a wrong one."""
