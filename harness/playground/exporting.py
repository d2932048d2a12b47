"""Conversations and votes as text to take away: JSON, a data set as JSON Lines, and CSV.

Every function gives its text in pieces, in UTF-8's characters only. Sends nothing.
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import QuerySet

from harness.playground.models import Answer, Conversation, Turn, Vote

__all__ = ["as_json", "as_jsonl", "file_name", "votes_csv", "votes_json"]

_AT_A_TIME = 50  # conversations or votes in memory
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_VOTE_COLUMNS = (
    "conversation",
    "turn",
    "time",
    "question",
    "arms",
    "run_ids",
    "preferred",
    "blind",
)


def as_json(conversations: QuerySet[Conversation]) -> Iterator[str]:
    """All that is stored of some conversations: one JSON list, in the query's order.

    Arms are named, also where a blind vote is still to be given. Times are ISO 8601 with their
    zone; `seconds` is generating alone; what is not known is null.
    """
    return _listed(map(_conversation, _with_turns(conversations)))


def as_jsonl(conversations: QuerySet[Conversation]) -> Iterator[str]:
    """The questions that have an answer as a data set of an experiment, a line each.

    A row has `id`, `question`, `context`, `answers`, `answers_from`, `conversation` (its title)
    and the turn's other fields, of which those called like one of the row's own are left out.
    `answers` are the item's references ("reference"), or else the preferred answer ("vote").

    A turn without either would count as unanswerable in training, and one without a question is
    no item: both are left out.
    """
    for conversation in _with_turns(conversations):
        for turn in conversation.turns.all():
            row = _row(turn)
            if row is not None:
                yield _json(row) + "\n"


def votes_json(votes: QuerySet[Vote]) -> Iterator[str]:
    """Votes by age: one JSON list; `preferred` is "" where no difference was seen."""
    return _listed(map(_vote_row, _with_answers(votes)))


def votes_csv(votes: QuerySet[Vote]) -> Iterator[str]:
    """Votes by age: a header, and a line each.

    Arms that stood side by side share a cell, with ` | ` between them, and so do their runs. A
    cell that a spreadsheet would take for a formula begins with an apostrophe.

    References
    ----------
    RFC 4180. OWASP, "CSV Injection".
    """
    writer = csv.writer(_Passing())
    yield writer.writerow(_VOTE_COLUMNS)
    for vote in _with_answers(votes):
        row = _vote_row(vote)
        arms = row.pop("arms")
        row |= {
            "arms": " | ".join(arm["name"] for arm in arms),
            "run_ids": " | ".join(arm["run_id"] for arm in arms),
            "blind": "yes" if row["blind"] else "no",
        }
        yield writer.writerow(_as_cell(str(row[name])) for name in _VOTE_COLUMNS)


def file_name(title: str, ending: str) -> str:
    """A short name in ASCII that every system takes, such as `playground-who-built-mola.json`."""
    plain = unicodedata.normalize("NFKD", title.casefold()).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain)[:48].strip("-")
    return f"playground-{words}.{ending}" if words else f"playground.{ending}"


class _Passing:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _with_turns(conversations: QuerySet[Conversation]) -> Iterator[Conversation]:
    related = conversations.prefetch_related("turns__answers", "turns__vote")
    return related.iterator(chunk_size=_AT_A_TIME)


def _with_answers(votes: QuerySet[Vote]) -> Iterator[Vote]:
    related = votes.select_related("turn__conversation").prefetch_related("turn__answers")
    return related.order_by("pk").iterator(chunk_size=_AT_A_TIME)


def _conversation(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.pk,
        "title": conversation.title,
        "created": conversation.created.isoformat(),
        "changed": conversation.changed.isoformat(),
        "blind": conversation.blind,
        "arms": conversation.arms,
        "decoding": conversation.decoding,
        "turns": [_turn(turn) for turn in conversation.turns.all()],
    }


def _turn(turn: Turn) -> dict[str, Any]:
    vote = _vote_of(turn)
    return {
        "id": turn.pk,
        "created": turn.created.isoformat(),
        "question": turn.question,
        "context": turn.context,
        "fields": turn.fields,
        "item": turn.item_id,
        "references": turn.references,
        "revealed": turn.revealed,
        "answers": [_answer(answer) for answer in turn.answers.all()],
        "vote": vote
        and {
            "preferred": _name(_preferred(turn, vote)),
            "blind": vote.blind,
            "created": vote.created.isoformat(),
        },
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "arm": answer.arm_name,
        "run_id": answer.run_id,
        "status": answer.status,
        "text": answer.text,
        "new_tokens": answer.new_tokens,
        "seconds": answer.seconds,
        "settings": answer.settings,
        "notes": answer.notes,
        "error": answer.error,
    }


def _row(turn: Turn) -> dict[str, Any] | None:
    """A turn as an item; None if it is none."""
    answers, source = [text for text in turn.references if text.strip()], "reference"
    if not answers:
        vote = _vote_of(turn)
        preferred = vote and _preferred(turn, vote)
        answers, source = [preferred.text] if preferred else [], "vote"
    if not turn.question.strip() or not any(text.strip() for text in answers):
        return None
    own = {
        "id": f"turn-{turn.pk}",
        "question": turn.question,
        "context": turn.context,
        "answers": answers,
        "answers_from": source,
        "conversation": turn.conversation.title,
    }
    return own | {name: text for name, text in turn.fields.items() if name not in own}


def _vote_row(vote: Vote) -> dict[str, Any]:
    turn = vote.turn
    return {
        "conversation": turn.conversation.title,
        "turn": turn.pk,
        "time": vote.created.isoformat(),
        "question": turn.question,
        "arms": [{"name": one.arm_name, "run_id": one.run_id} for one in turn.answers.all()],
        "preferred": _name(_preferred(turn, vote)),
        "blind": vote.blind,
    }


def _vote_of(turn: Turn) -> Vote | None:
    return getattr(turn, "vote", None)  # Django raises an AttributeError where there is none


def _preferred(turn: Turn, vote: Vote) -> Answer | None:
    return next((one for one in turn.answers.all() if one.pk == vote.preferred_id), None)


def _name(answer: Answer | None) -> str:
    return answer.arm_name if answer else ""


def _listed(values: Iterator[Mapping[str, Any]]) -> Iterator[str]:
    """A JSON list, a line per value."""
    yield "["
    for number, value in enumerate(values):
        yield (",\n" if number else "\n") + _json(value)
    yield "\n]\n"


def _json(value: Mapping[str, Any]) -> str:
    """JSON in any script's own characters; half a surrogate pair, which is none, as U+FFFD."""
    text = json.dumps(value, ensure_ascii=False)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _as_cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
