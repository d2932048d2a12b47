"""Pages for what went wrong: what happened, and what to do."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from harness.playground.views.told import told

__all__ = [
    "bad_request",
    "csrf_failure",
    "forbidden",
    "in_place",
    "not_found",
    "problem",
    "server_error",
]

_PAGES: Final = {
    400: ("This was not understood", "Go back, and try once more."),
    403: ("This page was too old", "Go back, reload it, and try once more: nothing was changed."),
    404: (
        "There is no such page",
        "It may have been deleted. All conversations are in the history.",
    ),
    405: ("There is no such page", "Start from the playground's first page."),
    409: ("This cannot be done now", "Go back and reload the page to see how things stand."),
    413: ("This is too long", "Go back and shorten it: nothing was stored."),
    429: ("Too much at once", "Wait until some of it is answered, then go back and try again."),
    503: (
        "Something the playground needs is out of reach",
        "See that it is there, then reload this page.",
    ),
    500: (
        "The playground made a mistake",
        "What was stored before is still there. The terminal in which it runs says what happened.",
    ),
}


def in_place(request: HttpRequest) -> bool:
    """Whether the page's own script asks, which wants a part of a page, or JSON for errors."""
    return request.headers.get("X-Requested-With") == "fetch"


def problem(request: HttpRequest, status: int, sentence: str = "") -> HttpResponse:
    """A page, or JSON for the page's own script, for an HTTP status.

    Parameters
    ----------
    request : HttpRequest
    status : int
        Those that are not known here look like 400 or 500.
    sentence : str
        What happened, in place of what the status says; people read it.
    """
    title, help_text = _PAGES.get(status) or _PAGES[500 if status >= 500 else 400]
    if in_place(request):
        return JsonResponse({"errors": [sentence or f"{title}. {help_text}"]}, status=status)
    values = {"title": title, "told": told(sentence), "help": help_text}
    return render(request, "playground/error.html", values, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """For Django's handler400."""
    return problem(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """For Django's handler403."""
    return problem(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """For Django's handler404."""
    return problem(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """For Django's handler500."""
    return problem(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """For Django's CSRF_FAILURE_VIEW."""
    return problem(request, 403)
