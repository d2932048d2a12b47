"""The application that uvicorn serves: Django, behind a limit of a request's size.

Django reads a whole body into a file before it looks at its length.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from django.core.asgi import get_asgi_application

from harness.playground.settings import LARGEST_BODY

__all__ = ["application"]

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]

_TOO_LARGE = b"This request is too large for the playground."


def application() -> App:
    """Django with bodies of at most `LARGEST_BODY` bytes; ASGI 3."""
    django: Any = get_asgi_application()

    async def limited(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"0")
        chunked = b"transfer-encoding" in headers  # of unknown length, which no browser sends
        if chunked or not length.isdigit() or int(length) > LARGEST_BODY:
            await _refuse(send)
        else:
            await django(scope, receive, send)

    return limited


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": _TOO_LARGE})
