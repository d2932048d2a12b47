"""Which view answers which address."""

from __future__ import annotations

from typing import Final

from django.urls import path

from harness.playground.views import conversation, exports, items, turn, votes
from harness.playground.views.events import events
from harness.playground.views.files import file
from harness.playground.views.history import past
from harness.playground.views.login import login
from harness.playground.views.new import new

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

_ONE: Final = "conversations/<int:pk>"

urlpatterns = [
    path("", new, name="new"),
    path(f"{_ONE}/", conversation.conversation, name="conversation"),
    path(f"{_ONE}/ask/", turn.ask, name="ask"),
    path(f"{_ONE}/rename/", conversation.rename, name="rename"),
    path(f"{_ONE}/delete/", conversation.delete, name="delete"),
    path(f"{_ONE}/settings/", conversation.settings, name="settings"),
    path(f"{_ONE}/items/", items.items, name="items"),
    path(f"{_ONE}/events", events, name="events"),
    path(f"{_ONE}/export/<str:form>/", exports.one, name="export"),
    path("turns/<int:pk>/", turn.turn, name="turn"),
    path("turns/<int:pk>/vote/", votes.vote, name="vote"),
    path("answers/<int:pk>/stop/", turn.stop, name="stop"),
    path("answers/<int:pk>/again/", turn.again, name="again"),
    path("history/", past, name="history"),
    path("export/<str:form>/", exports.every, name="export_all"),
    path("votes/", votes.votes, name="votes"),
    path("votes/export/<str:form>/", exports.all_votes, name="export_votes"),
    path("login/", login, name="login"),
    path("static/<path:path>", file, name="static"),
]

handler400 = "harness.playground.views.errors.bad_request"
handler403 = "harness.playground.views.errors.forbidden"
handler404 = "harness.playground.views.errors.not_found"
handler500 = "harness.playground.views.errors.server_error"
