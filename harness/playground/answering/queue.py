"""The queue: waiting answers from the database to the model worker, one by one, and back.

One thread of the web server does this. It loads no model: the worker is a process of its own, so
that pages answer while it computes, and live on when it dies for lack of memory.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.utils import timezone

from harness.playground import history
from harness.playground.answering.messages import (
    Done,
    Event,
    Failed,
    Job,
    Loading,
    Partial,
    Setup,
    Stop,
    Work,
    storable,
)
from harness.playground.catalogue import Catalogue
from harness.playground.live import Live
from harness.playground.models import Answer, Conversation

__all__ = ["Queue"]

_SAVED_EVERY: Final = 1.0  # seconds between writes of an answer in the making
_LOOK: Final = 0.2
_END: Final = 5.0
_LEAVE: Final = 2.0  # seconds in which the worker may end by itself
_LATER: Final = 1.0  # seconds until a database that is out of reach is tried again
_OUT_OF_REACH: Final = (OperationalError, InterfaceError)  # locked, full, restarted
_T = TypeVar("_T")


class Queue:
    """Answers what waits, oldest first, until it is closed.

    Parameters
    ----------
    work : callable
        The worker's main function.
    setup : Setup
        What it starts with.
    catalogue : Catalogue
        Knows what an arm's key stands for.
    live : Live
        Is told of what happens.
    owner : str
        Which answers it takes: those with this owner. Other playgrounds with the same database
        know other models.
    """

    def __init__(
        self, work: Work, setup: Setup, catalogue: Catalogue, live: Live, owner: str = ""
    ) -> None:
        self.owner = owner
        self._work, self._setup = work, setup
        self._catalogue, self._live = catalogue, live
        self._woken, self._closing = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._current: Partial | None = None
        self._stopped: set[int] = set()
        self._thread = threading.Thread(target=self._run, name="queue", daemon=True)
        self._process: Any = None
        self._silent = True  # whether the worker has said nothing yet
        self._pipe: Any = None

    def start(self) -> None:
        """Begin; answers that an earlier server left in the making are marked as interrupted."""
        Answer.objects.filter(owner=self.owner, status=Answer.Status.ANSWERING).update(
            status=Answer.Status.INTERRUPTED
        )
        self._thread.start()

    def wake(self) -> None:
        """Look at once whether something waits."""
        self._woken.set()

    def stop(self, answer: int) -> Partial | None:
        """End an answer in the making; what there is of it, if it is this one."""
        with self._lock:
            if self._current is None or self._current.answer != answer:
                return None
            self._stopped.add(answer)
            return self._current

    def close(self) -> None:
        """End; the answer in the making is marked as interrupted, what waits stays."""
        self._closing.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(_END)
        self._end_worker()

    def _run(self) -> None:
        with contextlib.suppress(OSError):  # whoever asks is told
            self._begin_worker()  # what it imports takes some seconds, which nobody waits for
        while not self._closing.is_set():
            self._woken.clear()
            answer = self._insist(lambda: _claimed(self.owner))
            if answer is None:
                self._woken.wait(1.0)
                continue
            try:
                self._answer(answer)
            except Exception as error:
                # Without this thread nothing is answered any more: whatever it was, it has
                # nothing to do with what else waits.
                if not self._closing.is_set():
                    traceback.print_exc(file=sys.stderr)
                    self._give_up(answer, error)
        connection.close()

    def _give_up(self, answer: Answer, error: Exception) -> None:
        """An answer met a defect: nothing of it is left in the making."""
        self._end_worker()  # which may be at it still
        with self._lock:
            self._current = None
            self._stopped.discard(answer.pk)
        failed = Failed(
            answer.pk,
            f"The playground made a mistake ({type(error).__name__}). The terminal in which it"
            " runs says what happened.",
        )
        self._insist(lambda: _keep(answer.pk, failed, None))
        self._live.ended(answer.turn.conversation_id, answer.turn_id, answer.pk)

    def _insist(self, do: Callable[[], _T]) -> _T | None:
        """Read or write as soon as the database can be reached; None if it ends before."""
        complained = False
        while True:
            close_old_connections()
            try:
                return do()
            except _OUT_OF_REACH as error:
                if not complained:
                    print(f"the database is out of reach: {error}", file=sys.stderr)
                complained = True
            if self._closing.wait(_LATER):
                return None

    def _answer(self, answer: Answer) -> None:
        with self._lock:
            self._current = Partial(answer.pk, "", 0)
        conversation = answer.turn.conversation
        self._live.tell(conversation.pk, "turn", answer.turn_id, turn=answer.turn_id)
        outcome: Done | Failed | None = None
        run = self._catalogue.run_of(answer.arm_key)
        if run is None:
            outcome = Failed(
                answer.pk,
                f"{answer.arm_name} was not named when the playground was started this time."
                " Start it with this model's folder: harness playground FOLDER",
            )
        else:
            outcome = self._asked(_job(answer, run), conversation)
        with self._lock:
            current, self._current = self._current, None
            self._stopped.discard(answer.pk)
        self._insist(lambda: _keep(answer.pk, outcome, current))
        self._insist(lambda: _index(conversation.pk))
        self._live.ended(conversation.pk, answer.turn_id, answer.pk)

    def _asked(self, job: Job, conversation: Conversation) -> Done | Failed | None:
        """The worker's last word on a job; None if the playground ends before it."""
        told, saved = False, time.monotonic()
        self._begin_worker()
        if self._silent:  # it imports its libraries still
            self._show(Loading(job.answer, ""), conversation)
        try:
            self._pipe.send(job)
            while not self._closing.is_set():
                if not told and job.answer in self._stopped:
                    self._pipe.send(Stop(job.answer))
                    told = True
                if not self._pipe.poll(_LOOK):
                    continue
                event: Event = storable(self._pipe.recv())
                self._silent = False
                if event.answer != job.answer:
                    continue
                if isinstance(event, Done | Failed):
                    return event
                self._show(event, conversation)
                if isinstance(event, Partial) and time.monotonic() - saved > _SAVED_EVERY:
                    saved = time.monotonic()
                    with contextlib.suppress(*_OUT_OF_REACH):  # the next one is written again
                        _answering(job.answer).update(text=event.text, new_tokens=event.new_tokens)
        except (EOFError, OSError):
            return Failed(job.answer, self._post_mortem())
        return None

    def _show(self, event: Loading | Partial, conversation: Conversation) -> None:
        answer = event.answer
        if isinstance(event, Loading):
            what = "" if conversation.blind else event.what  # which may name the arm
            self._live.tell(conversation.pk, "loading", answer, answer=answer, what=what)
            return
        with self._lock:
            self._current = event
            if answer in self._stopped:
                return
        self._live.tell(conversation.pk, "text", answer, answer=answer, text=event.text)

    def _begin_worker(self) -> None:
        if self._process is None or not self._process.is_alive():
            self._end_worker()
            context = multiprocessing.get_context("spawn")
            pipe, other = context.Pipe()
            process = context.Process(
                target=self._work, args=(other, self._setup), name="model-worker", daemon=True
            )
            process.start()
            other.close()  # so that its death is the pipe's end
            self._pipe, self._process, self._silent = pipe, process, True

    def _post_mortem(self) -> str:
        self._process.join(_END)
        code = self._process.exitcode
        self._end_worker()
        if code is not None and code < 0:
            return (
                f"The model worker was killed (signal {-code}), most likely because the machine"
                " ran out of memory. Start the playground with a lower --memory-limit, or ask an"
                " arm whose base is held in fewer bits. The next question starts a new worker."
            )
        return f"The model worker ended (exit code {code}). What it said is in the terminal."

    def _end_worker(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        if self._process is not None:
            self._process.join(_LEAVE)  # it sees the end of the pipe, and clears up
            self._process.terminate()
            self._process.join(_END)
        self._pipe = self._process = None


def _claimed(owner: str) -> Answer | None:
    """The oldest answer that waits, taken."""
    waiting = Answer.objects.filter(owner=owner, status=Answer.Status.WAITING).order_by("id")
    answer = waiting.select_related("turn__conversation").first()
    if answer is None:
        return None
    mine = Answer.objects.filter(pk=answer.pk, status=Answer.Status.WAITING)
    return answer if mine.update(status=Answer.Status.ANSWERING) else None


def _index(conversation: int) -> None:
    history.index(conversation)
    Conversation.objects.filter(pk=conversation).update(changed=timezone.now())


def _job(answer: Answer, run: str) -> Job:
    turn = answer.turn
    fields = {**turn.fields, "question": turn.question, "context": turn.context}
    item = turn.item_id or f"turn {turn.pk}"
    return Job(answer.pk, run, fields, item, turn.conversation.decoding)


def _keep(answer: int, outcome: Done | Failed | None, current: Partial | None) -> None:
    """Write how an answer ended; if a person stopped it, it stays stopped."""
    so_far: Mapping[str, Any] = (
        {"text": current.text, "new_tokens": current.new_tokens} if current else {}
    )
    if isinstance(outcome, Done):
        values = {
            "text": outcome.text,
            "new_tokens": outcome.new_tokens,
            "seconds": outcome.seconds,
            "settings": dict(outcome.settings),
            "notes": list(outcome.notes),
        }
        status = Answer.Status.STOPPED if outcome.stopped else Answer.Status.DONE
        Answer.objects.filter(pk=answer, status=Answer.Status.STOPPED).update(**values)
        _answering(answer).update(status=status, **values)
    elif isinstance(outcome, Failed):
        _answering(answer).update(status=Answer.Status.FAILED, error=outcome.message, **so_far)
    else:
        _answering(answer).update(status=Answer.Status.INTERRUPTED, **so_far)


def _answering(answer: int) -> Any:
    return Answer.objects.filter(pk=answer, status=Answer.Status.ANSWERING)
