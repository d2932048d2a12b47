"""A conversation's page, and what is done to the whole of it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from harness.playground import turns
from harness.playground.catalogue import Arm, TestItem
from harness.playground.forms import AskForm, DecodingForm, TitleForm, field_names
from harness.playground.models import Conversation
from harness.playground.services import services
from harness.playground.views.cards import shown
from harness.playground.views.errors import problem

__all__ = [
    "arms_of",
    "ask_form",
    "conversation",
    "delete",
    "filled",
    "keys_of",
    "page",
    "rename",
    "settings",
    "without_context",
]


@require_safe
def conversation(request: HttpRequest, pk: int) -> HttpResponse:
    """Its turns, and the form for the next question."""
    return page(request, get_object_or_404(Conversation, pk=pk))


def page(
    request: HttpRequest,
    found: Conversation,
    *,
    ask: AskForm | None = None,
    decoding: DecodingForm | None = None,
    title: TitleForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """A conversation's page, with the forms as they were filled in."""
    position = services().live.position  # before the database is read: nothing falls between
    found.refresh_from_db()
    arms = arms_of(found)
    keys = keys_of(found)
    catalogue = services().catalogue
    every = list(found.turns.select_related("vote").prefetch_related("answers"))
    item = catalogue.item(keys, request.GET["item"]) if request.GET.get("item") else None
    last = every[-1].context if every else ""
    form = ask or ask_form(arms, initial=filled(item) if item else {"context": last})
    values: dict[str, Any] = {
        "conversation": found,
        "position": position,
        "turns": [shown(turn, n, blind=found.blind) for n, turn in enumerate(every, 1)],
        "arms": [(one["name"], catalogue.arm(one["key"]) is not None) for one in found.arms],
        "unread": without_context(arms),
        "test_set": catalogue.test_set(keys),
        "found": catalogue.items(keys, request.GET["q"]) if "q" in request.GET else None,
        "words": request.GET.get("q", ""),
        "ask": form,
        "item": item,
        "decoding": decoding or DecodingForm(initial=found.decoding),
        "title_form": title or TitleForm(initial={"title": found.title}),
        "decoded": _in_words(found.decoding),
    }
    return render(request, "playground/conversation.html", values, status=status)


@require_POST
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    """Give it the typed title."""
    found = get_object_or_404(Conversation, pk=pk)
    form = TitleForm(request.POST)
    if not form.is_valid():
        return page(request, found, title=form, status=400)
    turns.rename(found, form.cleaned_data["title"])
    if request.POST.get("next") == "history":
        return redirect("history")
    return redirect("conversation", pk=pk)


@require_POST
def settings(request: HttpRequest, pk: int) -> HttpResponse:
    """Change how its next questions are answered."""
    found = get_object_or_404(Conversation, pk=pk)
    form = DecodingForm(request.POST)
    if not form.is_valid():
        return page(request, found, decoding=form, status=400)
    try:
        turns.redecode(found, form.decoding)
    except turns.Refused as error:
        form.add_error(None, str(error))
        return page(request, found, decoding=form, status=error.status)
    return redirect("conversation", pk=pk)


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete it, with all that is in it."""
    try:
        turns.delete(get_object_or_404(Conversation, pk=pk))
    except turns.Refused as error:
        return problem(request, error.status, str(error))
    return redirect(reverse("history") if request.POST.get("next") == "history" else "/")


def keys_of(found: Conversation) -> list[str]:
    """Keys of its arms."""
    return [one["key"] for one in found.arms]


def arms_of(found: Conversation) -> list[Arm]:
    """Its arms that are still there."""
    arms = map(services().catalogue.arm, keys_of(found))
    return [arm for arm in arms if arm is not None]


def ask_form(arms: list[Arm], *args: Any, **options: Any) -> AskForm:
    """The form for a question to these arms."""
    names, context = field_names([arm.fields for arm in arms])
    return AskForm(*args, names=names, context=context, **options)


def filled(item: TestItem) -> dict[str, str]:
    """The form's values that ask a test item."""
    others = {f"field-{name}": text for name, text in item.fields.items()}
    return {"item": item.id, "question": item.question, "context": item.context, **others}


def without_context(arms: list[Arm]) -> list[str]:
    """Names of arms that do not see the context, where others do."""
    return [arm.name for arm in arms if arm.fields and "context" not in arm.fields]


def _in_words(decoding: dict[str, Any]) -> str:
    """A conversation's decoding in a line."""
    labels = {name: field.label for name, field in DecodingForm.base_fields.items()}
    methods = dict(DecodingForm.base_fields["method"].choices)  # type: ignore[attr-defined]
    return ", ".join(
        str(methods.get(value, value)) if name == "method" else f"{labels[name]} {value}".lower()
        for name, value in decoding.items()
        if name in labels
    )
