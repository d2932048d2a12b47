"""A model worker that loads no model: it says the question back, word by word.

What the question has in it decides how: `slowly` waits between the words, `fail` is an answer
that fails, `die` ends the process as the system does when there is no memory left.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

from harness.playground.answering.messages import (
    Done,
    Failed,
    Job,
    Loading,
    Order,
    Partial,
    Setup,
    Stop,
)

__all__ = ["main", "work"]

PAUSE = 0.1  # seconds between words


def work(connection: Connection, setup: Setup) -> None:
    """Answer until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    known: set[str] = set()
    try:
        while True:
            order: Order = connection.recv()
            if isinstance(order, Stop):
                continue
            if order.run not in known:
                known.add(order.run)
                connection.send(Loading(order.answer, Path(order.run).name))
            if "die" in order.fields["question"].split():
                os.kill(os.getpid(), signal.SIGKILL)
            if "fail" in order.fields["question"].split():
                connection.send(Failed(order.answer, "the model is <b>broken</b>"))
            else:
                connection.send(_said(order, connection))
    except EOFError:
        return


def _said(job: Job, connection: Connection) -> Done:
    start = time.perf_counter()
    # blank space of any kind is kept, so that hostile texts come back as they are
    question = job.fields["question"]
    words = [f"{Path(job.run).name[:8]} heard:", *question.split(" ")]
    pause = PAUSE if "slowly" in words else 0.0
    said, stopped = "", False
    for count, word in enumerate(words, start=1):
        said = f"{said} {word}" if said else word
        connection.send(Partial(job.answer, said, count))
        if connection.poll(pause) and connection.recv() == Stop(job.answer):
            stopped = True
            break
    settings = {"seed": job.decoding.get("seed", 0), "item": job.item_id}
    notes = ("this arm does not read the context",) if job.fields.get("context") else ()
    seconds = time.perf_counter() - start
    return Done(job.answer, said, len(said.split()), seconds, stopped, settings, notes)


def main() -> int:
    """`harness playground` with this worker, for tests that need the whole server."""
    from harness.cli import main as cli
    from harness.playground import serving

    serve = serving.serve
    serving.serve = lambda options: serve(options, work)  # type: ignore[assignment]
    return cli(["playground", *sys.argv[1:]])


if __name__ == "__main__":
    from tests.playground.stub import main as imported  # so that a spawned process finds `work`

    sys.exit(imported())
