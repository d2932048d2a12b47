"""The page that asks for the password, where there is one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from harness.playground.middleware import is_right, let_in
from harness.playground.services import services

__all__ = ["login"]


def login(request: HttpRequest) -> HttpResponse:
    """Ask for the password, and go on to the first page when it is right."""
    if not services().password:
        return redirect("new")
    wrong = False
    if request.method == "POST":
        if is_right(request.POST.get("password", "")):
            let_in(request)
            return redirect("new")
        wrong = True
    return render(request, "playground/login.html", {"wrong": wrong}, status=403 if wrong else 200)
