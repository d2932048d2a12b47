"""Conversations and votes to take away, as files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from harness.playground.exporting import as_json, as_jsonl, file_name, votes_csv, votes_json
from harness.playground.models import Conversation, Vote

__all__ = ["all_votes", "every", "one"]

_TYPES: Final[Mapping[str, str]] = {
    "json": "application/json; charset=utf-8",
    "jsonl": "application/x-ndjson; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}
_CONVERSATIONS: Final[Mapping[str, Callable[[QuerySet[Conversation]], Iterator[str]]]] = {
    "json": as_json,
    "jsonl": as_jsonl,
}
_VOTES: Final[Mapping[str, Callable[[QuerySet[Vote]], Iterator[str]]]] = {
    "csv": votes_csv,
    "json": votes_json,
}


@require_safe
def one(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """A conversation."""
    found = get_object_or_404(Conversation, pk=pk)
    if form not in _CONVERSATIONS:
        raise Http404
    pieces = _CONVERSATIONS[form](Conversation.objects.filter(pk=pk))
    return _file(pieces, file_name(found.title or f"conversation {pk}", form), form)


@require_safe
def every(request: HttpRequest, form: str) -> HttpResponse:
    """All conversations."""
    if form not in _CONVERSATIONS:
        raise Http404
    pieces = _CONVERSATIONS[form](Conversation.objects.all())
    return _file(pieces, file_name("conversations", form), form)


@require_safe
def all_votes(request: HttpRequest, form: str) -> HttpResponse:
    """All votes."""
    if form not in _VOTES:
        raise Http404
    return _file(_VOTES[form](Vote.objects.all()), file_name("votes", form), form)


def _file(pieces: Iterator[str], name: str, form: str) -> HttpResponse:
    response = HttpResponse(pieces, content_type=_TYPES[form])
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
