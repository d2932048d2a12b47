"""The `samples_TASK_DATE.jsonl` that lm-evaluation-harness writes with `--log_samples`.

One line per document and filter. What a task's metric made of the answer is not read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from shlex import quote

from harness.data.messages import counted, listed
from harness.data.records import Record
from harness.errors import DataError
from harness.predictions.answers import Found, Row
from harness.predictions.source import Source

__all__ = ["lm_eval_samples"]

_ID_NAMES = ("id", "_id", "qid", "question_id", "query_id", "example_id")
_GREEDY = ("True", "False")


def lm_eval_samples(source: Source) -> Found | None:
    """Rows of JSON Lines with `doc_id` and `filtered_resps`; None for any other file.

    An item's id is its document's own, under one of the usual names, or else `doc_id`. Its
    answer is the first filtered response to its first request.

    Raises
    ------
    DataError
        The file holds several filters' answers, or likelihoods instead of texts.
    """
    records = source.records
    if source.kind != "JSON Lines" or not records:
        return None
    if not {"doc_id", "filtered_resps"} <= {*records[0].values}:
        return None
    _check_filter(records, source)
    name = next((name for name in _ID_NAMES if name in _doc(records[0])), None)
    rows, requests, responses = [], 0, 0
    for record in records:
        identity = _doc(record).get(name) if name else record.values.get("doc_id")
        given = _responses(record)
        requests += len(given) > 1
        answer = given[0]
        if isinstance(answer, list) and answer:
            responses += len(answer) > 1
            answer = answer[0]
        rows.append(Row(record.place, identity, answer))
    of_all = f"of {counted(len(rows), 'sample')}"
    notes = {
        f"the items' ids are the samples' doc_id, their row in the task's data,"
        f" since their documents have none of {listed(_ID_NAMES)}": name is None,
        f"{requests:,} {of_all} have several requests; the answer is the first one's": requests,
        f"{responses:,} {of_all} have several filtered responses; the first one is used": responses,
    }
    return Found(rows, [note for note, holds in notes.items() if holds])


def _doc(record: Record) -> Mapping[str, object]:
    doc = record.values.get("doc")
    return doc if isinstance(doc, dict) else {}


def _check_filter(records: Sequence[Record], source: Source) -> None:
    """Which filter's answers are meant cannot be guessed: it decides the score."""
    filters = list(dict.fromkeys(str(record.values.get("filter")) for record in records))
    if len(filters) > 1:
        raise DataError(
            "these samples hold the answers of several filters",
            where=str(source.path),
            got=listed(filters),
            allowed="the lines of one filter",
            fix="keep the lines of one, for example: jq -c"
            f" {quote(f'select(.filter == {json.dumps(filters[0])})')} {quote(str(source.path))}"
            " > one.jsonl",
        )


def _responses(record: Record) -> list[object]:
    given = record.values.get("filtered_resps")
    if not isinstance(given, list) or not given:
        raise DataError(
            "a sample has no filtered response",
            where=record.at("filtered_resps"),
            got=f"{given!r} ({type(given).__name__})",
            allowed="a list that starts with the answer",
        )
    if _is_likelihood(record, given[0]):
        raise DataError(
            "a sample holds likelihoods, not a generated answer",
            where=record.at("filtered_resps"),
            got=repr(given),
            allowed="samples of a task with output_type: generate_until",
        )
    return given


def _is_likelihood(record: Record, response: object) -> bool:
    """Whether the first request was to rate a given text, not to write one.

    A request to write has its options, an object, as second argument. In a file that was stripped
    of the arguments, a rating is known as [number, "True" or "False"].
    """
    arguments = record.values.get("arguments")
    request = arguments.get("gen_args_0") if isinstance(arguments, dict) else None
    if isinstance(request, dict):
        return not isinstance(request.get("arg_1"), dict)
    return isinstance(response, list) and len(response) == 2 and str(response[1]) in _GREEDY
