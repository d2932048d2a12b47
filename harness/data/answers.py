"""Reference answers in the shapes that data sets write them in. Changes no text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from harness.errors import DataError

__all__ = ["Answers", "parse_answers"]

ALLOWED = (
    'a text, a list of texts, {"text": [...], "answer_start": [...]},'
    ' or a list of {"text": ..., "answer_start": ...}'
)


class Answers(NamedTuple):
    """The references of one item.

    Attributes
    ----------
    texts : tuple of str
        Empty = unanswerable.
    starts : tuple of int
        One per text, or empty where unknown.
    blank : int
        How many were left out because they hold nothing but white space.
    """

    texts: tuple[str, ...]
    starts: tuple[int, ...]
    blank: int


def parse_answers(value: object, where: str) -> Answers:
    """References in any of the shapes of `ALLOWED`; null and blank texts are no answers.

    Parameters
    ----------
    value : object
        What stands in the column.
    where : str
        Its place, for messages.

    Raises
    ------
    DataError
        It has another shape, a text or an offset is of the wrong type, or the numbers of
        texts and offsets differ.
    """
    texts, starts = _pairs(value, where)
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(
                "an answer is not text",
                where=f"{where}[{index}]",
                got=f"{text!r} ({type(text).__name__})",
                allowed=ALLOWED,
                fix='write numbers as text: "42"' if isinstance(text, int | float) else None,
            )
    for start in starts:
        if not isinstance(start, int) or isinstance(start, bool):
            raise DataError(
                "answer_start is not a whole number",
                where=where,
                got=f"{start!r} ({type(start).__name__})",
                allowed="where the answer starts in the context, in characters from 0",
            )
    if starts and len(starts) != len(texts):
        raise DataError(
            "an item has not as many answer starts as answers",
            where=where,
            got=f"{len(texts)} texts, {len(starts)} offsets",
            allowed="one answer_start per text, or none at all",
        )
    kept = [index for index, text in enumerate(texts) if text.strip()]
    return Answers(
        tuple(texts[i] for i in kept),
        tuple(starts[i] for i in kept) if starts else (),
        len(texts) - len(kept) if isinstance(value, list | Mapping) else 0,
    )


def _pairs(value: object, where: str) -> tuple[Sequence[Any], Sequence[Any]]:
    """Texts and offsets, their types still unchecked."""
    if value is None:
        return [], []
    if isinstance(value, str):
        return [value], []
    if isinstance(value, list):
        if value and all(isinstance(entry, Mapping) and "text" in entry for entry in value):
            starts = [entry.get("answer_start") for entry in value]
            return [entry["text"] for entry in value], [] if None in starts else starts
        return value, []
    if isinstance(value, Mapping) and "text" in value:
        texts, starts = _as_list(value["text"]), _as_list(value.get("answer_start"))
        return texts, [] if None in starts else starts
    got = f"{value!r} ({type(value).__name__})"
    raise DataError("the answers have an unknown shape", where=where, got=got, allowed=ALLOWED)


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
