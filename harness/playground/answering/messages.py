"""What the web server and the model worker say to each other, over a pipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any, NamedTuple, TypeAlias

__all__ = [
    "Done",
    "Event",
    "Failed",
    "Job",
    "Loading",
    "Order",
    "Partial",
    "Setup",
    "Stop",
    "Work",
    "storable",
]


class Setup(NamedTuple):
    """What a worker process starts with.

    Attributes
    ----------
    tracking_uri : str or None
        As for `harness.tracking.open_store`.
    memory_limit : float or None
        Most bytes that models may take together; a share of the device's memory when None.
    """

    tracking_uri: str | None
    memory_limit: float | None


class Job(NamedTuple):
    """To the worker: answer this.

    Attributes
    ----------
    answer : int
        The answer's id in the database.
    run : str
        What `harness.trained.load_arm` takes.
    fields : mapping of str to str
        `question`, `context` and others that were typed; an empty one is as good as none.
    item_id : str
        With the seed, decides random decoding.
    decoding : mapping
        From `Conversation.decoding`.
    """

    answer: int
    run: str
    fields: Mapping[str, str]
    item_id: str
    decoding: Mapping[str, Any]


class Stop(NamedTuple):
    """To the worker: end this answer where it is, if it is still in the making."""

    answer: int


class Loading(NamedTuple):
    """From the worker: a model is being loaded for this answer; `what` names it."""

    answer: int
    what: str


class Partial(NamedTuple):
    """From the worker: the answer so far, and its number of tokens."""

    answer: int
    text: str
    new_tokens: int


class Done(NamedTuple):
    """From the worker: the whole answer, or what there was of it when it was stopped.

    Attributes
    ----------
    seconds : float
        Of generating alone.
    settings : mapping
        What it was asked with, as JSON.
    notes : tuple of str
        What a reader has to know, a sentence each.
    """

    answer: int
    text: str
    new_tokens: int
    seconds: float
    stopped: bool
    settings: Mapping[str, Any]
    notes: tuple[str, ...]


class Failed(NamedTuple):
    """From the worker: there is no answer, because of this."""

    answer: int
    message: str


Order: TypeAlias = Job | Stop
Event: TypeAlias = Loading | Partial | Done | Failed
Work: TypeAlias = Callable[[Connection, Setup], None]
"""A worker's main function: it takes orders and sends events until the pipe is closed."""


def storable(event: Event) -> Any:
    """The same event with texts that every database takes.

    A model may say a NUL, and a file's name may be half a character: both become U+FFFD.
    """
    return type(event)(*map(_storable, event))


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        text = value.replace("\0", "\ufffd")
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {_storable(name): _storable(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_storable, value))
    return value
