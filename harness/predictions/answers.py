"""Predictions as values, and the checks that every format's rows go through.

Reads no file: the modules of the formats do, and hand over `Row`s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness.data.messages import counted
from harness.data.texts import encodable
from harness.errors import DataError

__all__ = ["Found", "Predictions", "Row", "gathered"]


@dataclass(frozen=True)
class Predictions:
    """One system's answers.

    Attributes
    ----------
    answers : mapping of str to str
        From item id to predicted text, in the file's order; "" is no answer.
    format : str
        What kind of file they come from, in words for a report.
    notes : tuple of str
        What a reader has to know about how the file was taken, a sentence each.
    """

    answers: Mapping[str, str]
    format: str
    notes: tuple[str, ...]


class Row(NamedTuple):
    """One prediction as it stands in a file; nothing is checked yet.

    Attributes
    ----------
    where : str
        Its place, for messages.
    id, text : object
        Of any type that a file can hold.
    """

    where: str
    id: object
    text: object


class Found(NamedTuple):
    """What a reader makes of a file of its own format.

    Attributes
    ----------
    rows : sequence of Row
    notes : sequence of str
        What it left out or chose.
    """

    rows: Sequence[Row]
    notes: Sequence[str] = ()


def gathered(rows: Iterable[Row]) -> tuple[dict[str, str], list[str]]:
    """Answers by item id, and a note where some are null.

    A whole number is an id as its digits; a null prediction is no answer.

    Raises
    ------
    DataError
        An id is of another type, blank or repeated, or a prediction is not text.
    """
    answers: dict[str, str] = {}
    places: dict[str, str] = {}
    null = 0
    for row in rows:
        identity = _identity(row)
        if identity in answers:
            raise DataError(
                f"item {identity!r} has two predictions",
                where=row.where,
                got=f"the first one at {places[identity]}",
                allowed="one prediction per item",
                fix="leave one of them out",
            )
        places[identity] = row.where
        answers[identity] = _text(row, identity)
        null += row.text is None
    of_all = f"of {counted(len(answers), 'prediction')}"
    return answers, [f"{null:,} {of_all} are null and count as no answer"] if null else []


def _identity(row: Row) -> str:
    value = row.id
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        raise DataError(
            "a prediction has no item id that can be used",
            where=row.where,
            got=f"{value!r} ({type(value).__name__})",
            allowed="a text that is not blank, or a whole number",
        )
    return encodable(value, row.where)


def _text(row: Row, identity: str) -> str:
    if row.text is None:
        return ""
    if not isinstance(row.text, str):
        raise DataError(
            f"the prediction for item {identity!r} is not text",
            where=row.where,
            got=f"{row.text!r} ({type(row.text).__name__})",
            allowed='a text; "" or null for no answer',
        )
    return encodable(row.text, f"{row.where}, item {identity!r}")
