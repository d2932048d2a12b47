"""The first page: arms are chosen, and a conversation begins."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from harness.playground import turns
from harness.playground.catalogue import Arm
from harness.playground.forms import NewForm
from harness.playground.models import Conversation
from harness.playground.services import services

__all__ = ["new"]

_RECENT: Final = 10
_FILTERED: Final = 12
"""More arms than these get a box to filter them by."""


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Arms to choose from, and the newest conversations; a POST begins one."""
    catalogue = services().catalogue
    arms = catalogue.arms()
    names = {key: arm.name for key, arm in arms.items()}
    if request.method != "POST":
        form = NewForm(names=names, initial={"arms": list(catalogue.preselected)})
        return _page(request, form, arms)
    form = NewForm(request.POST, names=names)
    if not form.is_valid():
        return _page(request, form, arms, status=400)
    chosen = [arms[key] for key in form.cleaned_data["arms"]]
    try:
        conversation = turns.begin(chosen, blind=form.cleaned_data["blind"], decoding=form.decoding)
    except turns.Refused as error:
        form.add_error(None, str(error))
        return _page(request, form, arms, status=error.status)
    return redirect("conversation", pk=conversation.pk)


def _page(
    request: HttpRequest, form: NewForm, arms: Mapping[str, Arm], status: int = 200
) -> HttpResponse:
    values: dict[str, Any] = {
        "form": form,
        "groups": _groups(arms, set(form["arms"].value() or ())),
        "filtered": len(arms) > _FILTERED,
        "unfolded": any(form.errors.get(name) for name in NewForm.base_fields if name != "arms"),
        "recent": Conversation.objects.all()[:_RECENT],
    }
    return render(request, "playground/new.html", values, status=status)


def _groups(arms: Mapping[str, Arm], checked: set[str]) -> list[tuple[str, list[tuple[Arm, bool]]]]:
    """Arms side by side with those of their ablation, each with whether it is chosen."""
    order = list(dict.fromkeys(arm.group for arm in arms.values()))
    ordered = sorted(arms.values(), key=lambda arm: order.index(arm.group))
    return [
        (group, [(arm, arm.key in checked) for arm in members])
        for group, members in groupby(ordered, key=lambda arm: arm.group)
    ]
