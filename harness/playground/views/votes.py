"""A vote is given, and what all votes say."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST, require_safe

from harness.playground import preferences, turns
from harness.playground.models import Answer, Turn, Vote
from harness.playground.views.errors import problem
from harness.playground.views.turn import changed

__all__ = ["vote", "votes"]

_ID: Final = re.compile("[0-9]{0,100}")  # as many as Python and the database take


@require_POST
def vote(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which answer of a turn is better; a blank one says that there is no difference."""
    turn = get_object_or_404(Turn.objects.select_related("conversation"), pk=pk)
    typed = request.POST.get("preferred")
    if typed is None or not _ID.fullmatch(typed):
        return problem(request, 400, "It was not said which answer is preferred.")
    preferred = get_object_or_404(Answer, pk=int(typed), turn=turn) if typed else None
    try:
        turns.vote(turn, preferred)
    except turns.Refused as error:
        return problem(request, error.status, str(error))
    return changed(request, turn)


@require_safe
def votes(request: HttpRequest) -> HttpResponse:
    """The votes on each two arms, with intervals."""
    pairs = preferences.pairs(Vote.objects.all())
    tables = [
        ("Arms unnamed until the vote" if blind else "Arms named", list(members))
        for blind, members in groupby(pairs, key=lambda pair: pair.blind)
    ]
    values = {"tables": tables, "notes": preferences.NOTES, "count": Vote.objects.count()}
    return render(request, "playground/votes.html", values)
