"""What every request goes through: safe headers, a limit of their rate, the password."""

from __future__ import annotations

from typing import Final

from django.core.cache import cache
from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.deprecation import MiddlewareMixin

from harness.errors import InputError
from harness.playground.services import services
from harness.playground.views.errors import problem

__all__ = ["Explained", "Headers", "Password", "RateLimit", "is_right", "let_in"]

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content Security Policy Level 3 (W3C): nothing but our own files."""
PER_SECOND: Final = 200
"""Requests of one address; a person makes a few."""
TRIES_PER_MINUTE: Final = 6
"""Of one address, to type the password."""
ALL_TRIES_PER_MINUTE: Final = 30
"""Of all addresses: one person may have many, and whoever is on this machine any."""


class Headers(MiddlewareMixin):
    """A strict Content-Security-Policy, and no copies in caches that others may read."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Set them."""
        response["Content-Security-Policy"] = POLICY
        response.setdefault("Cache-Control", "no-cache, private")
        return response


class Explained(MiddlewareMixin):
    """Tells in words what cannot be used, such as a tracking store that does not answer.

    What was deleted in another tab while a view was at it is as if it had never been there.
    """

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A page for those errors that are meant for people."""
        if isinstance(exception, ObjectDoesNotExist):
            return problem(request, 404)
        return problem(request, 503, str(exception)) if isinstance(exception, InputError) else None


class RateLimit(MiddlewareMixin):
    """Refuses what no person does: more requests a second, more passwords a minute."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Count it, and refuse it with 429 where it is one too many."""
        address = request.META.get("REMOTE_ADDR", "")
        many = _count(f"all-{address}", 1) > PER_SECOND
        if request.method == "POST" and request.path == reverse("login"):
            many = many or _count(f"login-{address}", 60) > TRIES_PER_MINUTE
            many = many or _count("login", 60) > ALL_TRIES_PER_MINUTE
        if not many:
            return None
        response = problem(request, 429)
        response["Retry-After"] = "60"
        return response


class Password(MiddlewareMixin):
    """Lets nobody in who has not typed the password, if there is one."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Send a person to the login page; refuse everything else."""
        if not services().password or _open_to_all(request) or _is_in(request):
            return None
        if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            return redirect("login")
        return HttpResponse("The password has to be typed in first.", status=403)


def is_right(password: str) -> bool:
    """Whether this is the password, in a time that does not tell how much of it is."""
    return constant_time_compare(password, services().password)


def let_in(request: HttpRequest) -> None:
    """Remember that the password was typed, until it changes."""
    request.session["password"] = _proof()


def _is_in(request: HttpRequest) -> bool:
    return constant_time_compare(request.session.get("password", ""), _proof())


def _proof() -> str:
    """What only who knows the key and the password can make; the cookie can be read."""
    return salted_hmac("playground", services().password, algorithm="sha256").hexdigest()


def _open_to_all(request: HttpRequest) -> bool:
    return request.path == reverse("login") or request.path.startswith(
        reverse("static", args=["_"]).removesuffix("_")
    )


def _count(name: str, seconds: int) -> int:
    """How often this name came in the last stretch of seconds, this time included."""
    cache.add(name, 0, seconds)
    try:
        return cache.incr(name)
    except ValueError:  # the stretch ended between the two
        return 1
