"""A question is asked, and its answers are shown, stopped, asked for again."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from harness.playground import turns
from harness.playground.catalogue import TestItem
from harness.playground.forms import AskForm
from harness.playground.models import Answer, Conversation, Turn
from harness.playground.services import services
from harness.playground.views.cards import shown
from harness.playground.views.conversation import arms_of, ask_form, keys_of, page
from harness.playground.views.errors import in_place, problem

__all__ = ["again", "ask", "changed", "stop", "turn"]


@require_POST
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a question to all arms of a conversation."""
    conversation = get_object_or_404(Conversation, pk=pk)
    form = ask_form(arms_of(conversation), request.POST)
    status = 400
    if form.is_valid():
        try:
            return changed(request, _asked(conversation, form))
        except turns.Refused as error:
            form.add_error(None, str(error))
            status = error.status
    if in_place(request):
        errors = [str(text) for texts in form.errors.values() for text in texts]
        return JsonResponse({"errors": errors}, status=status)
    return page(request, conversation, ask=form, status=status)


@require_safe
def turn(request: HttpRequest, pk: int) -> HttpResponse:
    """A turn as a part of its conversation's page."""
    found = get_object_or_404(Turn.objects.select_related("conversation"), pk=pk)
    number = found.conversation.turns.filter(pk__lte=pk).count()
    values = {"one": shown(found, number, blind=found.conversation.blind)}
    return render(request, "playground/_turn.html", values)


@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """End an answer where it is."""
    answer = get_object_or_404(Answer, pk=pk)
    try:
        turns.stop(answer)
    except turns.Refused as error:
        return problem(request, error.status, str(error))
    return changed(request, answer.turn)


@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for an answer that did not come to its end once more."""
    answer = get_object_or_404(Answer, pk=pk)
    try:
        turns.again(answer)
    except turns.Refused as error:
        return problem(request, error.status, str(error))
    return changed(request, answer.turn)


def changed(request: HttpRequest, found: Turn) -> HttpResponse:
    """What a person sees after a change of a turn: the part of the page, or the page there."""
    if in_place(request):
        fresh = Turn.objects.select_related("conversation").get(pk=found.pk)
        number = fresh.conversation.turns.filter(pk__lte=fresh.pk).count()
        values = {"one": shown(fresh, number, blind=fresh.conversation.blind)}
        return render(request, "playground/_turn.html", values)
    place = reverse("conversation", kwargs={"pk": found.conversation_id})
    return redirect(f"{place}#turn-{found.pk}")


def _asked(conversation: Conversation, form: AskForm) -> Turn:
    """The new turn; what is still a test item's text is asked as that item."""
    values, fields = form.cleaned_data, form.typed
    question, context = values["question"], values.get("context", "")
    keys = keys_of(conversation)
    item = services().catalogue.item(keys, values["item"]) if values["item"] else None
    if item is None or not _same(item, question, form, fields):
        return turns.ask(conversation, question=question, context=context, fields=fields, item=None)
    own = {name: item.fields.get(name, "") for name in fields}
    context = item.context if "context" in form.fields else ""
    return turns.ask(conversation, question=item.question, context=context, fields=own, item=item)


def _same(item: TestItem, question: str, form: AskForm, fields: dict[str, str]) -> bool:
    """Whether what was typed is what the item asks, whatever browsers do to line ends."""
    pairs = [(question, item.question)]
    if "context" in form.fields:
        pairs.append((form.cleaned_data["context"], item.context))
    pairs += [(text, item.fields.get(name, "")) for name, text in fields.items()]
    return all(_plain(a) == _plain(b) for a, b in pairs)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()
