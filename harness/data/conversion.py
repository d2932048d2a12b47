"""Records to items: columns get their meaning, and every cell is checked.

Clusters are not filled in here, since they are chosen over all splits at once.
"""

from __future__ import annotations

import datetime
import decimal
import json
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from harness.data.answers import Answers, parse_answers
from harness.data.columns import Columns, find_columns
from harness.data.items import Item
from harness.data.messages import counted, listed
from harness.data.records import Origin, Record
from harness.data.texts import encodable
from harness.errors import DataError

__all__ = ["Converted", "to_items"]

_LIST_MARKS = ("['", '["', "{'", '{"')  # what pandas writes for a list or dict in a CSV cell


class Converted(NamedTuple):
    """The items of one split, before sampling.

    Attributes
    ----------
    items : list of Item
        In the source's order, `clusters` empty.
    notes : list of str
        Irregularities that are no errors, counted.
    """

    items: list[Item]
    notes: list[str]


def to_items(origin: Origin, fields: Mapping[str, str], role: str) -> Converted:
    """Items of one split.

    An item without an id (no such column, null or blank) is called after the split and its
    row number, from 1: `test-17`.

    Parameters
    ----------
    origin : Origin
        The rows.
    fields : mapping of str to str
        `data.fields`: our names to the source's columns.
    role : {"train", "validation", "test"}
        Which split it is.

    Raises
    ------
    DataError
        There are no rows, a column is missing, a cell is of the wrong type, or an id repeats.
    """
    if not origin.records:
        raise DataError(
            f"the {role} split has no items",
            where=f"base.data.{role}: {origin.name}",
            got="0 rows",
            fix="give a split or file with at least one item",
        )
    columns = find_columns(origin, fields)
    tally: Counter[str] = Counter()
    items = [
        _item(record, columns, f"{role}-{number}", tally)
        for number, record in enumerate(origin.records, start=1)
    ]
    _check_ids(items, origin)
    return Converted(items, _notes(tally, role, len(items)))


def _item(record: Record, columns: Columns, default_id: str, tally: Counter[str]) -> Item:
    question = _question(record, columns.question)
    answers = _answers(record, columns.answers)
    fields = {"question": question}
    for name, column in columns.others.items():
        text = _as_text(record.values.get(column), record.at(column))
        if text is not None:
            fields[name] = text
    given = record.values.get(columns.id) if columns.id else None
    identity = _as_text(given, record.at(columns.id or "id"))
    if not identity or not identity.strip():
        identity = default_id
        tally["unnamed"] += 1
    tally["blank"] += answers.blank
    if not answers.starts:
        tally["listlike"] += any(text.startswith(_LIST_MARKS) for text in answers.texts)
    tally["unanswerable"] += not answers.texts
    tally["located"] += len(answers.starts)
    tally["misplaced"] += _misplaced(answers, fields.get("context", ""))
    return Item(identity, fields, answers.texts, answers.starts, ())


def _question(record: Record, column: str) -> str:
    value = record.values.get(column)
    if not isinstance(value, str) or not value.strip():
        present = column in record.values
        raise DataError(
            "a question is not text" if value is not None else "a question is missing",
            where=record.at(column),
            got=f"{value!r} ({type(value).__name__})" if present else _keys(record),
            allowed="a text that is not blank",
        )
    return encodable(value, record.at(column))


def _answers(record: Record, column: str) -> Answers:
    if column not in record.values:
        raise DataError(
            "an item has no answers",
            where=record.at(column),
            got=_keys(record),
            allowed="a text or a list of texts; an empty list for an unanswerable question",
        )
    answers = parse_answers(record.values[column], record.at(column))
    for text in answers.texts:
        encodable(text, record.at(column))
    return answers


def _as_text(value: object, where: str) -> str | None:
    """A cell as text; None for what is no text, such as an image's bytes."""
    if isinstance(value, str):
        return encodable(value, where)
    if value is None:
        return ""
    if isinstance(value, datetime.date | datetime.time | decimal.Decimal):
        return str(value)
    try:
        return encodable(json.dumps(value, ensure_ascii=False), where)
    except (TypeError, ValueError, RecursionError):
        return None


def _misplaced(answers: Answers, context: str) -> int:
    """How many answers do not stand where their offset says."""
    return sum(
        start < 0 or not context.startswith(text, start)
        for text, start in zip(answers.texts, answers.starts, strict=False)
    )


def _check_ids(items: list[Item], origin: Origin) -> None:
    first: dict[str, int] = {}
    repeated: list[tuple[int, int]] = []
    for index, item in enumerate(items):
        if item.id in first:
            repeated.append((first[item.id], index))
        first.setdefault(item.id, index)
    if repeated:
        pairs = [
            f"{items[one].id!r} at {origin.records[one].place}"
            f" and {origin.records[two].place.removeprefix(origin.name).lstrip(',: ')}"
            for one, two in repeated[:3]
        ]
        raise DataError(
            f"{counted(len(repeated), 'item')} of a split repeat an earlier item's id",
            where=origin.records[repeated[0][1]].place,
            got="; ".join(pairs),
            allowed="ids that are unique within the split",
            fix="make them unique, or leave the column out: items are then named by row number",
        )


def _keys(record: Record) -> str:
    return f"only {listed(record.values)}"


def _notes(tally: Counter[str], role: str, total: int) -> list[str]:
    """A sentence for each irregularity that occurs."""
    of_all = f"of {counted(total, 'item')}"
    sentences = {
        "unanswerable": f"{role}: {tally['unanswerable']:,} {of_all} have no answer"
        " and count as unanswerable",
        "unnamed": f"{role}: {tally['unnamed']:,} {of_all} have no id and are named by row number",
        "blank": f"{role}: {counted(tally['blank'], 'blank answer')} left out",
        "listlike": f"{role}: {tally['listlike']:,} {of_all} have an answer that looks like a list"
        " written as text; it is used as one answer (JSON Lines and Parquet can hold lists)",
        "misplaced": f"{role}: {tally['misplaced']:,} of {counted(tally['located'], 'answer')}"
        " do not stand at their answer_start in the context",
    }
    return [sentence for key, sentence in sentences.items() if tally[key]]
