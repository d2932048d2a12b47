"""What the views ask: made once when the playground starts."""

from __future__ import annotations

from typing import NamedTuple

from harness.playground.answering.queue import Queue
from harness.playground.catalogue import Catalogue
from harness.playground.live import Live

__all__ = ["Services", "provide", "services"]


class Services(NamedTuple):
    """The parts of a running playground.

    Attributes
    ----------
    catalogue : Catalogue
        Which arms can be asked.
    live : Live
        What open pages should know.
    queue : Queue
        Who answers.
    password : str
        What has to be typed in first; nothing if empty.
    """

    catalogue: Catalogue
    live: Live
    queue: Queue
    password: str = ""


_provided: list[Services] = []


def provide(parts: Services) -> None:
    """Let these be the services of this process."""
    _provided[:] = [parts]


def services() -> Services:
    """Those of this process."""
    (parts,) = _provided
    return parts
