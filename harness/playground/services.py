"""What the views ask: made once when the playground starts, and kept in Django's settings."""

from __future__ import annotations

from typing import NamedTuple, cast

from django.conf import settings

from harness.playground.answering.queue import Queue
from harness.playground.catalogue import Catalogue
from harness.playground.live import Live

__all__ = ["Services", "services"]


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
    """

    catalogue: Catalogue
    live: Live
    queue: Queue


def services() -> Services:
    """Those of this process."""
    return cast(Services, settings.PLAYGROUND)
