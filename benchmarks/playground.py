"""How the playground holds up when 20 people use it at once, for 30 seconds.

``python -m benchmarks.playground`` prints a table and ends with 1 if a bar is missed. The model is
a stub that answers at once, so that what is measured is the pages: Django, SQLite, the queue, the
event streams. Each user opens a conversation, asks, watches the answers come in, votes, searches,
and thinks for a moment in between. The peer is the same playground with one user, in the same
minute: what the crowd costs is a ratio.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.playground.served import models, served

__all__ = ["main"]

USERS, SECONDS, ALONE_SECONDS = 20, 30.0, 10.0
THINKS = (0.2, 0.8)  # seconds between a person's actions, drawn evenly
P95_MS = 300.0
WORDS = ("river", "town", "founder", "game", "Mola", "Tarn", "Vesh")


@dataclass
class Seen:
    """What the users saw together.

    Attributes
    ----------
    pages : dict
        From a kind of page to the milliseconds until all of it was there.
    errors : list of str
    asked : list of str
        Questions that were accepted.
    answered : int
        Answers that were seen to come in.
    """

    pages: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    answered: int = 0

    @property
    def times(self) -> list[float]:
        """Of all kinds of pages."""
        return [value for values in self.pages.values() for value in values]


class User:
    """A person with a browser of their own."""

    def __init__(self, number: int, client: httpx.AsyncClient, seen: Seen, until: float) -> None:
        self._number, self._client, self._seen, self._until = number, client, seen, until
        self._random = random.Random(number)
        self._token = ""

    async def use(self) -> None:
        """Until the time is over."""
        first = await self._page("new conversation", "/")
        self._token = _token(first)
        keys = re.findall(r'name="arms" value="([\w-]+)"', first)
        while time.perf_counter() < self._until:
            page = await self._post("begin", "/", arms=keys, blind="on")
            if page is None:
                continue
            place = page.url.path
            for _ in range(3):
                await self._turn(place)
            await self._page("search", f"/history/?q={self._random.choice(WORDS)}")
            await self._page("votes", "/votes/")

    async def _turn(self, place: str) -> None:
        page = await self._page("conversation", place)
        question = f"user {self._number} asks {len(self._seen.asked)}: {' '.join(WORDS)}?"
        position = re.search(r'data-after="([\w-]+)"', page)
        if await self._post("ask", f"{place}ask/", question=question, context="c" * 2_000) is None:
            return
        self._seen.asked.append(question)
        await self._answered(place, position.group(1) if position else "")
        page = await self._page("conversation", place)
        vote = re.findall(r'action="(/turns/\d+/vote/)"', page)
        if vote:
            await self._post("vote", vote[-1], preferred="")

    async def _answered(self, place: str, position: str) -> None:
        """Watch until both answers have ended."""
        ends = set()
        async with self._client.stream("GET", f"{place}events?after={position}") as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data:") and '"turn"' in line:
                    turn = json.loads(line.removeprefix("data:"))["turn"]
                    part = await self._client.get(f"/turns/{turn}/")
                    ends.add(turn)
                    if "answering" not in part.text and "waits in" not in part.text:
                        self._seen.answered += 1
                        return

    async def _page(self, kind: str, place: str) -> str:
        response = await self._timed(kind, lambda: self._client.get(place))
        return response.text if response else ""

    async def _post(self, kind: str, place: str, **values: object) -> httpx.Response | None:
        data = {"csrfmiddlewaretoken": self._token, **values}
        return await self._timed(kind, lambda: self._client.post(place, data=data))

    async def _timed(
        self, kind: str, ask: Callable[[], Awaitable[httpx.Response]]
    ) -> httpx.Response | None:
        await asyncio.sleep(self._random.uniform(*THINKS))
        began = time.perf_counter()
        try:
            response = await ask()
        except httpx.HTTPError as error:
            self._seen.errors.append(f"{kind}: {type(error).__name__} {error}")
            return None
        self._seen.pages.setdefault(kind, []).append(1e3 * (time.perf_counter() - began))
        if response.status_code >= 400:
            self._seen.errors.append(f"{kind}: {response.status_code}")
            return None
        return response


def main() -> int:
    """Measure, print, and say whether every bar was met."""
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder), *models(Path(folder), "alpha", "beta")) as one,
    ):
        alone = asyncio.run(_used(one.url, 1, ALONE_SECONDS))
        crowd = asyncio.run(_used(one.url, USERS, SECONDS))
        kept = httpx.get(f"{one.url}export/json/", timeout=60).json()
    turns = [turn for conversation in kept for turn in conversation["turns"]]
    done = {t["question"] for t in turns if {a["status"] for a in t["answers"]} == {"done"}}
    lost = [question for question in alone.asked + crowd.asked if question not in done]
    _print(alone, crowd)
    every, single = crowd.times, alone.times
    p95 = _p95(every)
    print(f"{len(every)} requests by {USERS} users in {SECONDS:.0f} s; p95 {p95:.0f} ms", end="")
    print(f" (bar {P95_MS:.0f}), {p95 / _p95(single):.1f} times one user's")
    print(f"{len(crowd.asked)} questions asked, {crowd.answered} seen answered, {len(lost)} lost")
    print(f"{len(crowd.errors)} errors {crowd.errors[:3] or ''}")
    return int(p95 > P95_MS or bool(lost) or bool(crowd.errors) or not crowd.asked)


async def _used(url: str, users: int, seconds: float) -> Seen:
    seen = Seen()
    until = time.perf_counter() + seconds
    limits = httpx.Limits(max_connections=4)

    async def one(number: int) -> None:
        options = {"base_url": url, "follow_redirects": True, "timeout": 30.0, "limits": limits}
        async with httpx.AsyncClient(**options) as client:  # type: ignore[arg-type]
            await User(number, client, seen, until).use()

    await asyncio.gather(*(one(number) for number in range(users)))
    return seen


def _print(alone: Seen, crowd: Seen) -> None:
    print(f"{'page':18}{'requests':>9}{'p50 ms':>8}{'p95 ms':>8}{'max ms':>8}{'one user p50':>14}")
    for kind, values in crowd.pages.items():
        single = statistics.median(alone.pages.get(kind, [float("nan")]))
        print(
            f"{kind:18}{len(values):9}{statistics.median(values):8.0f}{_p95(values):8.0f}"
            f"{max(values):8.0f}{single:14.0f}"
        )


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else float("nan")


def _token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    return found.group(1) if found else ""


if __name__ == "__main__":
    sys.exit(main())
