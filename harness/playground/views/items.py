"""Items of the test set that arms of a conversation have in common, to be asked."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from harness.playground.forms import SearchForm
from harness.playground.models import Conversation
from harness.playground.services import services
from harness.playground.views.conversation import (
    arms_of,
    ask_form,
    filled,
    keys_of,
    without_context,
)
from harness.playground.views.errors import problem

__all__ = ["items"]


@require_safe
def items(request: HttpRequest, pk: int) -> HttpResponse:
    """A part of a page: those with all words `q`, or the question form filled with `item`."""
    conversation = get_object_or_404(Conversation, pk=pk)
    catalogue, keys = services().catalogue, keys_of(conversation)
    if chosen := request.GET.get("item"):
        item = catalogue.item(keys, chosen)
        if item is None:
            raise Http404
        arms = arms_of(conversation)
        values = {
            "ask": ask_form(arms, initial=filled(item)),
            "item": item,
            "conversation": conversation,
            "unread": without_context(arms),
        }
        return render(request, "playground/_fields.html", values)
    search = SearchForm(request.GET)
    if not search.is_valid():
        return problem(request, 400, "These words cannot be looked for.")
    words = search.cleaned_data["q"].strip()
    values = {
        "found": catalogue.items(keys, words),
        "words": words,
        "conversation": conversation,
    }
    return render(request, "playground/_items.html", values)
