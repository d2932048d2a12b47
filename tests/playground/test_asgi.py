from __future__ import annotations

import asyncio
from typing import Any

import pytest

from harness.playground.settings import LARGEST_BODY

pytestmark = pytest.mark.usefixtures("provided")


def status(headers: list[tuple[bytes, bytes]]) -> int:
    """What a request is answered with, whose body is never read."""
    from harness.playground.asgi import application

    sent: list[dict[str, Any]] = []
    read: list[bool] = []

    async def ask() -> None:
        scope = {"type": "http", "headers": headers, "method": "POST", "path": "/nowhere/"}
        scope |= {"query_string": b"", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}

        async def receive() -> dict[str, Any]:
            if not read:
                read.append(True)
                return {"type": "http.request", "body": b"", "more_body": False}
            await asyncio.sleep(60)
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await application()(scope, receive, send)

    asyncio.run(ask())
    return int(sent[0]["status"])


def test_a_large_request_is_refused_before_it_is_read() -> None:
    host = (b"host", b"127.0.0.1")
    assert status([host, (b"content-length", b"%d" % LARGEST_BODY)]) == 404
    assert status([host, (b"content-length", b"%d" % (LARGEST_BODY + 1))]) == 413
    assert status([host, (b"content-length", b"-1")]) == 413
    assert status([host, (b"transfer-encoding", b"chunked")]) == 413
