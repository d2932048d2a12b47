"""What changes while pages are open: answers in the making, turns that ended.

Held in memory by the web server, and read by the event streams; what has to last is in the
database.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["Change", "Live"]

_NUMBER = re.compile("[0-9]{1,18}")  # a browser may send anything


class Change(NamedTuple):
    """Something that an open page should know.

    Attributes
    ----------
    number : int
        Changes are counted from 1.
    event : str
        `text`, `loading`, `turn`, `conversation`, `gone` or `restart`.
    data : mapping
        As JSON.
    """

    number: int
    event: str
    data: Mapping[str, Any]


class Live:
    """The newest change of each kind in each conversation; used from several threads.

    Attributes
    ----------
    closed : bool
        The server ends, and the streams should.
    """

    def __init__(self) -> None:
        self.closed = False
        self._server = secrets.token_hex(4)
        self._number = 0
        self._changes: dict[int, dict[tuple[str, int], Change]] = {}
        self._lock = threading.Lock()

    @property
    def position(self) -> str:
        """Where a stream has to begin to miss nothing from now on."""
        return f"{self._server}-{self._number}"

    def tell(self, conversation: int, event: str, about: int = 0, **data: Any) -> None:
        """Take a change; it replaces an earlier one of its kind about the same thing."""
        with self._lock:
            self._number += 1
            own = self._changes.setdefault(conversation, {})
            own[event, about] = Change(self._number, event, data)
            if event == "gone":
                self._changes[conversation] = {(event, about): own[event, about]}

    def ended(self, conversation: int, turn: int, answer: int) -> None:
        """An answer has its final state: its turn is worth a look, its text in the making not."""
        with self._lock:
            for event in ("text", "loading"):
                self._changes.get(conversation, {}).pop((event, answer), None)
        self.tell(conversation, "turn", turn, turn=turn)

    def since(self, conversation: int, position: str) -> list[Change]:
        """Changes after a position, oldest first; `restart` if it is another server's."""
        server, _, number = position.partition("-")
        if server != self._server or not _NUMBER.fullmatch(number):
            return [Change(self._number, "restart", {})]
        if int(number) >= self._number:  # as it is nearly always
            return []
        with self._lock:
            own = list(self._changes.get(conversation, {}).values())
        return sorted(change for change in own if change.number > int(number))

    def at(self, change: Change) -> str:
        """The position after a change."""
        return f"{self._server}-{change.number}"
