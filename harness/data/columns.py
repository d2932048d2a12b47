"""Which column of a source is the question, the answers, the id, and which are other fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from harness.data.messages import listed, nearest
from harness.data.records import Origin
from harness.errors import DataError

__all__ = ["Columns", "find_columns"]

_RESERVED = frozenset({"id", "question", "answers", "answer"})


class Columns(NamedTuple):
    """Columns by what they mean.

    Attributes
    ----------
    question, answers : str
        The columns' names.
    id : str or None
        None where the source has no ids.
    others : mapping of str to str
        From an item's field to the column it is read from.
    """

    question: str
    answers: str
    id: str | None
    others: Mapping[str, str]


def find_columns(origin: Origin, fields: Mapping[str, str]) -> Columns:
    """Columns of a source, by the configuration's `fields` and by their own names.

    A column that `fields` names is known under its new name only. `answer` means `answers`.

    Raises
    ------
    DataError
        `fields` names a column that does not exist, or there is no question or answers.
    """
    available = list(dict.fromkeys(name for record in origin.records for name in record.values))
    for name, column in fields.items():
        if column not in available:
            raise DataError(
                f"there is no column {column!r}",
                where=f"base.data.fields.{name}, for {origin.name}",
                got=column,
                allowed=listed(available),
                fix=nearest(column, available),
            )
    if "answers" in fields and "answer" in fields:
        raise DataError(
            "`answers` and `answer` mean the same",
            where="base.data.fields",
            got=f"{fields['answers']} and {fields['answer']}",
            fix="keep one of them",
        )
    free = [column for column in available if column not in fields.values()]
    named = {"answers" if name == "answer" else name: column for name, column in fields.items()}
    question = named.get("question") or _own(("question",), free, available, origin)
    answers = named.get("answers") or _own(("answers", "answer"), free, available, origin)
    others = {column: column for column in free if column not in _RESERVED}
    others |= {name: column for name, column in named.items() if name not in _RESERVED}
    return Columns(question, answers, named.get("id", "id" if "id" in free else None), others)


def _own(
    names: tuple[str, ...], free: Iterable[str], available: Iterable[str], origin: Origin
) -> str:
    """The first of some names that is a column."""
    for name in names:
        if name in free:
            return name
    raise DataError(
        f"there is no column {names[0]!r}",
        where=origin.name,
        got=f"the columns {listed(available)}",
        allowed=f"a column named {' or '.join(names)}, or another one named in base.data.fields",
        fix=f"--set base.data.fields.{names[0]}=COLUMN",
    )
