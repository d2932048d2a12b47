"""The model worker: a process of its own that takes questions and sends answers as they grow.

Holds no conversation and writes nothing; what it is told and what it tells is in `messages`.
Imports no Django, and torch only once it works.
"""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import sys
import time
import traceback
from collections import deque
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from harness.errors import InputError
from harness.experiment.data import names_in
from harness.logs import quieten, quieten_progress_bars
from harness.playground.answering.messages import (
    Done,
    Event,
    Failed,
    Job,
    Loading,
    Order,
    Partial,
    Setup,
)
from harness.playground.decoding import decoded_by

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.arm_settings import ArmSettings
    from harness.experiment.data import Prompt
    from harness.playground.answering.shelf import Shelf
    from harness.trained import Asked

__all__ = ["work"]

_INTERVAL = 0.05
"""Seconds between two texts of an answer in the making."""

_NO_MEMORY = (
    "there was not enough memory to answer this: ask with a shorter context, with fewer beams or"
    " for fewer tokens, or start the playground with a smaller --memory-limit, so that fewer"
    " models are held beside this one"
)


class _Gone(Exception):  # noqa: N818
    """The web server has closed the pipe, or died."""


def work(connection: Connection, setup: Setup) -> None:
    """Answer jobs, one after another, until the pipe is closed.

    The main function of a process that was spawned.

    Parameters
    ----------
    connection : Connection
        Orders come in, events go out.
    setup : Setup
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the web server ends first, and then the pipe
    quieten(verbose=False)
    from harness.playground.answering.shelf import Shelf

    _warm_up(setup)
    shelf = Shelf(setup.tracking_uri, setup.memory_limit)
    quieten_progress_bars()
    pipe = _Pipe(connection)
    try:
        while True:
            pipe.send(_event(pipe.next(), pipe, shelf))
    except _Gone:
        pass
    finally:
        shelf.clear()


def _warm_up(setup: Setup) -> None:
    """Import what every model needs, before somebody waits for it."""
    import bitsandbytes  # noqa: F401
    import peft  # noqa: F401

    from harness.tracking import open_store

    if setup.tracking_uri is not None:
        with contextlib.suppress(InputError):  # whoever asks for one of its arms is told
            open_store(setup.tracking_uri, must_exist=True)


class _Pipe:
    """Orders as they come, also while an answer is in the making.

    Attributes
    ----------
    stopped : bool
        Whether the answer in the making is to end.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._waiting: deque[tuple[Job, bool]] = deque()  # and whether it was stopped meanwhile
        self._current: int | None = None
        self.stopped = False

    def next(self) -> Job:
        """The next job, as soon as there is one."""
        while not self._waiting:
            self._take()
        job, self.stopped = self._waiting.popleft()
        self._current = job.answer
        return job

    def look(self) -> bool:
        """Take what has come, and say whether the answer in the making is to end."""
        try:
            while self._connection.poll():
                self._take()
        except OSError as error:
            raise _Gone from error
        return self.stopped

    def send(self, event: Event) -> None:
        """Send an event."""
        try:
            self._connection.send(event)
        except OSError as error:
            raise _Gone from error

    def _take(self) -> None:
        try:
            order: Order = self._connection.recv()
        except (EOFError, OSError) as error:
            raise _Gone from error
        if isinstance(order, Job):
            self._waiting.append((order, False))
        elif order.answer == self._current:
            self.stopped = True
        else:  # of an answer that waits; of one that has ended, it comes too late
            self._waiting = deque(
                (job, stopped or job.answer == order.answer) for job, stopped in self._waiting
            )


def _event(job: Job, pipe: _Pipe, shelf: Shelf) -> Done | Failed:
    """The end of a job, whatever happens."""
    from harness.playground.answering.shelf import out_of_memory

    try:
        return _answered(job, pipe, shelf)
    except _Gone:
        raise
    except InputError as error:
        return Failed(job.answer, str(error))
    except Exception as error:
        # A defect of the harness or of a library, met with one model and one question: the other
        # arms and the questions that wait have nothing to do with it.
        if out_of_memory(error):
            return Failed(job.answer, _NO_MEMORY)
        traceback.print_exc(file=sys.stderr)
        said = (str(error).strip().splitlines() or [""])[0]
        return Failed(job.answer, f"{type(error).__name__}: {said}".rstrip(": "))


def _answered(job: Job, pipe: _Pipe, shelf: Shelf) -> Done:
    if pipe.look():
        return Done(job.answer, "", 0, 0.0, True, {}, ())
    arm = shelf.arm(job.run, lambda what: pipe.send(Loading(job.answer, what)))
    arm = dataclasses.replace(arm, settings=decoded_by(arm.settings, job.decoding))
    prompt = arm.settings.prompt
    fields = _completed(job.fields, prompt)
    settings = _told(arm.settings, prompt.template_for(fields))
    if pipe.look():  # while it was loaded
        return Done(job.answer, "", 0, 0.0, True, settings, ())
    sent = -_INTERVAL

    def watch(text: str, new_tokens: int) -> bool:
        nonlocal sent
        now = time.monotonic()
        if now - sent >= _INTERVAL:
            pipe.send(Partial(job.answer, text, new_tokens))
            sent = now
        return pipe.look()

    asked = arm.stream(fields, job.item_id, watch)
    text, new_tokens = asked.prediction.text, asked.prediction.new_tokens
    if pipe.stopped:
        text = text.rstrip("\ufffd").rstrip()  # a character that was to be completed
    notes = (*_notes(job.fields, prompt), *_cuts(asked, prompt))
    return Done(job.answer, text, new_tokens, asked.seconds, pipe.stopped, settings, notes)


def _completed(given: Mapping[str, str], prompt: Prompt) -> dict[str, str]:
    """All fields that the templates name; a blank one where it was not given."""
    names = [*prompt.names, *prompt.without, *names_in(prompt.target), prompt.truncate]
    blank = {name: "" for name in names if name != "answer"}
    return {**blank, **given}


def _told(settings: ArmSettings, template: str) -> dict[str, Any]:
    """What an answer was asked with, for people."""
    return {
        "base model": settings.model.name,
        "precision": settings.model.precision,
        "prompt": template,
        "generation": settings.generation.model_dump(
            mode="json", exclude_none=True, exclude={"batch_size"}
        ),
        "seed": settings.seed,
    }


def _notes(given: Mapping[str, str], prompt: Prompt) -> list[str]:
    """What of the fields the arm did not get, or did not read."""
    typed = {name for name, text in given.items() if text.strip()}
    read = names_in(prompt.template_for(given))
    notes = [
        f"asked without {_a(name)}, which this arm was trained to read"
        for name in read
        if name not in typed
    ]
    notes += [
        f"this arm does not read the {name}"
        for name in ("question", "context")
        if name in typed and name not in read
    ]
    return notes


def _cuts(asked: Asked, prompt: Prompt) -> list[str]:
    notes = []
    most = f"this arm reads at most {prompt.max_tokens:,}"
    if cut := asked.encoded.context_cut:
        notes.append(f"the {prompt.truncate} was shortened by {_tokens(cut)}: {most}")
    if cut := asked.encoded.prompt_cut:
        notes.append(f"the question lost {_tokens(cut)} at its end: {most}")
    return notes


def _a(name: str) -> str:
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def _tokens(count: int) -> str:
    return f"{count:,} token" + "s" * (count != 1)
