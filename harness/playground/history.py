"""Finding conversations again by what was said in them."""

from __future__ import annotations

import re
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from harness.playground.models import Conversation

__all__ = ["Piece", "excerpt", "find", "index"]

_AROUND = 70  # characters shown on each side of a match


class Piece(NamedTuple):
    """A part of an excerpt; `is_match` where it is one of the words that were looked for."""

    text: str
    is_match: bool


def find(words: str) -> QuerySet[Conversation]:
    """Conversations in which every word occurs, newest first; all of them without words.

    Upper and lower case are alike, in any alphabet and any database.
    """
    found = Conversation.objects.all()
    for word in words.casefold().split():
        found = found.filter(searchable__contains=word)
    return found


def index(conversation: int) -> None:
    """Take the texts of a conversation, as they are now, into the search."""
    with transaction.atomic():
        own = Conversation.objects.select_for_update().filter(pk=conversation)
        for one in own.prefetch_related("turns__answers"):  # none, if it was deleted meanwhile
            own.update(searchable="\n".join([one.title, *_texts(one)]).casefold())


def excerpt(conversation: Conversation, words: str) -> list[Piece]:
    """Where the words occur first, with what stands around it; empty if only in the title.

    Quickest with `turns__answers` prefetched.
    """
    parts = [re.escape(word) for word in words.split()]
    if not parts:
        return []
    pattern = re.compile("|".join(parts), re.IGNORECASE)
    for text in _texts(conversation):
        found = pattern.search(text)
        if found:
            start, end = max(0, found.start() - _AROUND), found.end() + _AROUND
            shown = ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")
            return _pieces(shown, pattern)
    return []


def _pieces(text: str, pattern: re.Pattern[str]) -> list[Piece]:
    pieces, at = [], 0
    for found in pattern.finditer(text):
        pieces += [Piece(text[at : found.start()], False), Piece(found.group(), True)]
        at = found.end()
    pieces.append(Piece(text[at:], False))
    return [piece for piece in pieces if piece.text]


def _texts(conversation: Conversation) -> list[str]:
    texts: list[str] = []
    for turn in conversation.turns.all():
        texts += [turn.question, turn.context, *turn.fields.values()]
        texts += [answer.text for answer in turn.answers.all()]
    return texts
