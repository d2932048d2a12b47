"""What the pages show of a turn; what is hidden until a blind vote never reaches a template."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from harness.metrics import METRICS, corpus_scores, score_items
from harness.playground import turns
from harness.playground.models import Answer, Turn, Vote
from harness.playground.views.told import Told, told

__all__ = ["Card", "Shown", "shown"]

_FOLDED: Final = 400
"""Characters of a context that are seen when it is folded away; shorter ones are not."""

_TIMED: Final = 0.1
"""Seconds that an answer has to take for its tokens per second to mean anything."""

_SCORED: Final = ("em", "f1")
_STATUS: Final[Mapping[str, str]] = {
    "waiting": "waits in the queue",
    "answering": "answering",
    "done": "",
    "stopped": "stopped",
    "interrupted": "interrupted: the playground ended before this answer did",
    "failed": "failed",
}


class Card(NamedTuple):
    """An answer as it is shown.

    Attributes
    ----------
    id : int
    title : str
        The arm's name, or "Answer A" while that is hidden.
    letter : str
        "Answer A", where the name was hidden before.
    status : str
        In words; empty for a finished answer.
    unfinished, working, ended, again : bool
        Whether it can be stopped, is being made now, has a text of its own, can be asked for
        again.
    text : str
    error : Told
        Empty where it did not fail.
    facts : tuple of str
        Tokens, seconds, scores.
    notes : tuple of str
    asked_with : tuple of (str, str)
        Names and values of the settings.
    preferred, may_prefer : bool
        Whether the vote is for it, and whether it may be voted for.
    """

    id: int
    title: str
    letter: str
    status: str
    unfinished: bool
    working: bool
    ended: bool
    again: bool
    text: str
    error: Told
    facts: tuple[str, ...]
    notes: tuple[str, ...]
    asked_with: tuple[tuple[str, str], ...]
    preferred: bool
    may_prefer: bool


class Shown(NamedTuple):
    """A turn as it is shown.

    Attributes
    ----------
    turn : Turn
    number : int
        From 1, in its conversation.
    cards : tuple of Card
    named : bool
        Whether the arms are.
    votable : bool
    vote : Vote or None
    begins, length : str
        Of a context that is so long that it is folded; empty for others.
    """

    turn: Turn
    number: int
    cards: tuple[Card, ...]
    named: bool
    votable: bool
    vote: Vote | None
    begins: str
    length: str


def shown(turn: Turn, number: int, *, blind: bool) -> Shown:
    """What may be seen of a turn now.

    Parameters
    ----------
    turn : Turn
        With its answers.
    number : int
        Its place in the conversation, from 1.
    blind : bool
        Whether its conversation is.
    """
    named, votable = turns.named(turn), turns.votable(turn)
    vote: Vote | None = getattr(turn, "vote", None)
    cards = tuple(
        _card(one, turn, named=named, blind=blind, vote=vote, votable=votable)
        for one in turn.answers.all()
    )
    long = len(turn.context) > _FOLDED or turn.context.count("\n") > 4
    begins, length = (turn.context[:_FOLDED], f"{len(turn.context):,}") if long else ("", "")
    return Shown(turn, number, cards, named, votable, vote, begins, length)


def _card(
    answer: Answer, turn: Turn, *, named: bool, blind: bool, vote: Vote | None, votable: bool
) -> Card:
    preferred = vote.preferred_id if vote else None
    letter = f"Answer {chr(ord('A') + answer.place)}"
    ended = answer.status in ("done", "stopped")
    failed = answer.status == "failed"
    error = (answer.error or "There is no reason given.") if failed else ""
    return Card(
        id=answer.pk,
        title=answer.arm_name if named else letter,
        letter=letter if named and blind else "",
        status=_STATUS[answer.status],
        unfinished=answer.unfinished,
        working=answer.status == "answering",
        ended=ended,
        again=answer.status in ("stopped", "interrupted", "failed") and vote is None,
        text=answer.text,
        error=told(error if named else "This answer failed." * failed),
        facts=tuple(_facts(answer, turn)) if named else (),
        notes=tuple(answer.notes) if named else (),
        asked_with=tuple(_rows(answer.settings)) if named else (),
        preferred=answer.pk == preferred,
        may_prefer=votable and ended and answer.pk != preferred,
    )


def _facts(answer: Answer, turn: Turn) -> Iterator[str]:
    if answer.unfinished:
        return
    if answer.new_tokens is not None and (answer.new_tokens or answer.status != "failed"):
        yield f"{answer.new_tokens:,} token{'s' * (answer.new_tokens != 1)}"
    if answer.seconds is not None:
        yield _duration(answer.seconds)
        if answer.new_tokens and answer.seconds >= _TIMED:
            yield f"{answer.new_tokens / answer.seconds:.1f} tokens/s"
    if turn.item_id and answer.status in ("done", "stopped"):
        columns = score_items([answer.text], [list(turn.references)], _SCORED)
        for name, value in corpus_scores(columns, _SCORED).items():
            if not math.isnan(value):
                yield f"{METRICS[name].label} {value:.1f}"


def _duration(seconds: float) -> str:
    if seconds < _TIMED:
        return f"{max(seconds * 1000, 1):.0f} ms"
    return f"{seconds:.{1 if seconds >= 1 else 2}f} s"


def _rows(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Nested settings as lines, without those that are not set."""
    for name, value in settings.items():
        label = f"{above} {name}".strip().replace("_", " ")
        if isinstance(value, Mapping):
            yield from _rows(value, "" if name == "generation" else label)
        elif isinstance(value, list):
            if value:
                yield label, ", ".join(json.dumps(one, ensure_ascii=False) for one in value)
        elif isinstance(value, bool):
            yield label, "yes" if value else "no"
        elif value is not None and value != "":
            yield label, str(value)
