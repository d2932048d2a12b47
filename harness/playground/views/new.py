"""The first page: arms are chosen, and a conversation begins."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any, Final, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from harness.metrics import METRICS
from harness.playground import turns
from harness.playground.catalogue import Arm
from harness.playground.forms import NewForm
from harness.playground.models import Conversation
from harness.playground.services import services

__all__ = ["new"]

_RECENT: Final = 10
_SCORES: Final = tuple(METRICS[name].label for name in ("em", "f1"))
"""Details that stand with each arm, also where they are the same."""
_FILTERED: Final = 12
"""More arms than these get a box to filter them by."""


class _Member(NamedTuple):
    """An arm to choose, with what sets it apart in its group."""

    arm: Arm
    checked: bool
    details: list[tuple[str, str]]


class _Group(NamedTuple):
    """An ablation's arms, with what is the same for all of them."""

    name: str
    common: list[tuple[str, str]]
    members: list[_Member]


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
        "scored": any(name in arm.details for arm in arms.values() for name in _SCORES),
        "filtered": len(arms) > _FILTERED,
        "unfolded": any(form.errors.get(name) for name in NewForm.base_fields if name != "arms"),
        "recent": Conversation.objects.all()[:_RECENT],
    }
    return render(request, "playground/new.html", values, status=status)


def _groups(arms: Mapping[str, Arm], checked: set[str]) -> list[_Group]:
    """Arms side by side with those of their ablation."""
    order = list(dict.fromkeys(arm.group for arm in arms.values()))
    ordered = sorted(arms.values(), key=lambda arm: order.index(arm.group))
    return [_group(name, list(of), checked) for name, of in groupby(ordered, lambda arm: arm.group)]


def _group(name: str, arms: list[Arm], checked: set[str]) -> _Group:
    details = [{pair for pair in arm.details.items() if pair[1]} for arm in arms]
    common = set.intersection(*details) if len(arms) > 1 else set()
    common = {pair for pair in common if pair[0] not in _SCORES}
    members = [
        _Member(
            arm, arm.key in checked, [pair for pair in arm.details.items() if pair in own - common]
        )
        for arm, own in zip(arms, details, strict=True)
    ]
    return _Group(name, [pair for pair in arms[0].details.items() if pair in common], members)
