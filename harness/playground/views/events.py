"""The stream of what changes in a conversation (server-sent events).

WHATWG HTML standard, section "Server-sent events".
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Final

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import Http404, HttpRequest, StreamingHttpResponse

from harness.playground.models import Conversation
from harness.playground.services import services

__all__ = ["events"]

_LOOK: Final = 0.05  # seconds between looks at what is in memory
_SILENCE: Final = 15.0  # seconds after which a line shows that the stream still lives


async def events(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """What happens in a conversation from `?after=` on, or from the last event that came."""
    if not await _is_there(pk):
        raise Http404
    position = request.headers.get("Last-Event-ID") or request.GET.get("after", "")
    response = StreamingHttpResponse(_lines(pk, position), content_type="text/event-stream")
    response["X-Accel-Buffering"] = "no"  # a proxy must not gather it
    return response


@sync_to_async
def _is_there(pk: int) -> bool:
    """Whether there is such a conversation; an open stream keeps no connection to the database."""
    try:
        return Conversation.objects.filter(pk=pk).exists()
    finally:
        connection.close()


async def _lines(conversation: int, position: str) -> AsyncIterator[str]:
    live = services().live
    yield ": begins\n\n"
    said = time.monotonic()
    while not live.closed:
        for change in live.since(conversation, position):
            position, said = live.at(change), time.monotonic()
            data = json.dumps(change.data, ensure_ascii=False)
            yield f"id: {position}\nevent: {change.event}\ndata: {data}\n\n"
            if change.event in ("gone", "restart"):
                return
        if time.monotonic() - said > _SILENCE:
            said = time.monotonic()
            yield ": still here\n\n"
        await asyncio.sleep(_LOOK)
