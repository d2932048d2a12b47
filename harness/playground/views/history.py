"""All conversations, and those in which some words occur."""

from __future__ import annotations

from typing import Final

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from harness.playground import history
from harness.playground.forms import SearchForm
from harness.playground.views.errors import problem

__all__ = ["past"]

_PER_PAGE: Final = 30


@require_safe
def past(request: HttpRequest) -> HttpResponse:
    """Conversations with all words `q`, newest first, a page of them."""
    search = SearchForm({"q": request.GET.get("q", "")})
    if not search.is_valid():
        return problem(request, 400, "These words cannot be looked for.")
    words = search.cleaned_data["q"].strip()
    counted = history.find(words).annotate(questions=Count("turns"))
    found = counted.order_by("-changed", "-id")  # grouping forgets the model's own order
    pages = Paginator(found.prefetch_related("turns__answers") if words else found, _PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    rows = [(one, history.excerpt(one, words) if words else []) for one in page]
    values = {"words": words, "rows": rows, "page": page, "count": pages.count}
    return render(request, "playground/history.html", values)
