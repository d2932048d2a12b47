"""The worker process: what it answers, what it tells meanwhile, and how it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest

from harness.data import Item, load_dataset
from harness.playground.answering.messages import (
    Done,
    Event,
    Failed,
    Job,
    Loading,
    Partial,
    Setup,
    Stop,
)
from harness.playground.answering.process import work
from harness.tracking import open_store
from harness.tracking.trained import find_trained
from harness.trained import load_arm, spec_of

pytestmark = pytest.mark.slow

ENDLESS = {"method": "greedy", "max_new_tokens": 100_000, "stop_strings": ()}


class Worker:
    """A spawned worker, and how it is spoken to."""

    def __init__(self, connection: Connection, process: BaseProcess) -> None:
        self.connection, self.process = connection, process

    def tell(self, *orders: Job | Stop) -> None:
        for one in orders:
            self.connection.send(one)

    def hear(self) -> Event:
        assert self.connection.poll(120), "the worker says nothing"
        event: Event = self.connection.recv()
        return event

    def events(self) -> Iterator[Event]:
        """What it says until an answer has ended, that included."""
        while True:
            yield (event := self.hear())
            if isinstance(event, Done | Failed):
                return

    def end(self, answer: int) -> Done | Failed:
        (*_, last) = self.events()
        assert isinstance(last, Done | Failed)
        assert last.answer == answer
        return last

    def first_token(self) -> Partial:
        return next(one for one in self.events() if isinstance(one, Partial) and one.new_tokens)


@pytest.fixture(scope="module")
def worker(tiny_ablation: Path) -> Iterator[Worker]:
    with contextlib.chdir(tiny_ablation), started(None) as one:
        yield one


@contextlib.contextmanager
def started(limit: float | None) -> Iterator[Worker]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs, Setup(None, limit)), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Worker(ours, process)
    finally:
        ours.close()
        process.join(30)
        assert process.exitcode == 0, "it ends with the pipe"


def test_stored_predictions_come_out_again(worker: Worker, tiny_ablation: Path) -> None:
    arms = [f"tiny/{f}/{t}" for f in ("t5", "llama") for t in ("lora", "qlora", "whole")]
    stored = {arm: _stored(tiny_ablation, arm) for arm in [*arms, "tiny/t5/untrained"]}
    for number in range(2):
        for arm, rows in stored.items():
            item, expected = rows[number]
            worker.tell(Job(7, arm, item.fields, item.id, {}))
            done = worker.end(7)
            assert isinstance(done, Done), done
            assert (done.text, done.stopped) == (expected, False)
            assert done.seconds > 0
            assert done.settings["seed"] == 3
            assert done.settings["prompt"] == "question: {question} context: {context}"
            assert done.settings["precision"] == ("nf4" if "qlora" in arm else "full")
            assert done.settings["generation"] == {
                "max_new_tokens": 6, "num_beams": 1, "do_sample": True, "stop_strings": ["e"]
            }  # fmt: skip
    assert len({rows[0][1] for rows in stored.values()}) > 3, "else any arm would do"


def _stored(folder: Path, name: str) -> list[tuple[Item, str]]:
    """A run's test items and its stored predictions."""
    with contextlib.chdir(folder):
        store = open_store(None, must_exist=True)
        run = find_trained(store, name)
        path = store.client.download_artifacts(run.model_run, "predictions.parquet")
        items = load_dataset(spec_of(run).arm.config.data).test
    return list(zip(items, pd.read_parquet(path)["prediction"], strict=True))


def test_an_answer_grows(worker: Worker) -> None:
    worker.tell(Job(1, "tiny/t5/whole", _fields(), "", {**ENDLESS, "max_new_tokens": 40}))
    *before, done = worker.events()
    partial = [one for one in before if isinstance(one, Partial)]
    assert isinstance(done, Done)
    assert partial[0] == Partial(1, "", 0), "it was loaded"
    assert partial[1].new_tokens == 1
    assert [one.new_tokens for one in partial] == sorted({one.new_tokens for one in partial})
    assert all(done.text.startswith(one.text) for one in partial)
    assert len(partial) <= 3 + done.seconds * 20
    worker.tell(Job(2, "tiny/t5/whole", _fields(), "", {}))
    assert not any(isinstance(one, Loading) for one in worker.events()), "it is there already"


def test_a_decoding_of_its_own(worker: Worker, tiny_ablation: Path) -> None:
    with contextlib.chdir(tiny_ablation):
        arm = load_arm("tiny/llama/lora")
    beams = arm.settings.generation.model_copy(
        update={"do_sample": False, "num_beams": 3, "max_new_tokens": 4}
    )
    with contextlib.chdir(tiny_ablation):
        expected = load_arm("tiny/llama/lora", generation=beams).answer(**_fields())
    worker.tell(
        Job(3, "tiny/llama/lora", _fields(), "",
            {"method": "beams", "num_beams": 3, "max_new_tokens": 4})
    )  # fmt: skip
    done = worker.end(3)
    assert isinstance(done, Done), done
    assert done.text == expected
    assert done.settings["generation"]["num_beams"] == 3


def test_a_stop_ends_the_answer_in_the_making_and_no_other(worker: Worker) -> None:
    worker.tell(Job(1, "tiny/t5/lora", _fields(), "", ENDLESS))
    first = worker.first_token()
    worker.tell(
        Job(2, "tiny/t5/lora", _fields(), "", {}), Job(3, "tiny/t5/lora", _fields(), "", {})
    )
    worker.tell(Stop(2), Stop(99), Stop(1))
    stopped = worker.end(1)
    assert isinstance(stopped, Done)
    assert stopped.stopped
    assert first.new_tokens <= stopped.new_tokens < 10_000
    assert stopped.text.startswith(first.text)
    waiting = worker.end(2)
    assert waiting == Done(2, "", 0, 0.0, True, {}, ())
    for answer in (3, 2):  # the same answer is asked again, after a stop that came too late
        if answer == 2:
            worker.tell(Stop(2), Job(2, "tiny/t5/lora", _fields(), "", {}))
        done = worker.end(answer)
        assert isinstance(done, Done)
        assert not done.stopped
        assert done.new_tokens > 0


@pytest.mark.parametrize(
    ("fields", "notes"),
    [
        ({"question": "where is Mola", "context": "Mola is near Tarn"}, ()),
        (
            {"question": "where is Mola", "context": " "},
            ("asked without a context, which this arm was trained to read",),
        ),
        (
            {"context": "Mola"},
            ("asked without a question, which this arm was trained to read",),
        ),
    ],
)
def test_what_an_arm_does_not_get(
    worker: Worker, fields: Mapping[str, str], notes: tuple[str, ...]
) -> None:
    worker.tell(Job(1, "tiny/llama/lora", fields, "", {}))
    done = worker.end(1)
    assert isinstance(done, Done), done
    assert done.notes == notes


def test_what_an_arm_does_not_read(worker: Worker) -> None:
    worker.tell(Job(1, "embedded:tiny_t5", _fields(), "", {}))
    done = worker.end(1)
    assert isinstance(done, Done), done
    assert done.notes == ("this arm does not read the context",)
    long = {"question": "where is Mola", "context": "red blue " * 200}
    worker.tell(Job(1, "tiny/t5/lora", long, "", {}))
    (note,) = worker.end(1).notes
    assert note.startswith("the context was shortened by ")
    assert note.endswith(" tokens: this arm reads at most 64")
    assert int(note.split()[5].replace(",", "")) > 100


def test_what_fails_is_explained_and_the_next_one_is_answered(worker: Worker) -> None:
    for run, decoding, expected in (
        ("tiny/nothing", {}, "no such run"),
        ("tiny/t5/lora", {"num_beams": "many"}, "ValidationError: "),
        ("tiny/t5/lora", {"method": "beams", "num_beams": 10**12}, "not enough memory"),
    ):
        worker.tell(Job(4, run, _fields(), "", decoding))
        failed = worker.end(4)
        assert isinstance(failed, Failed), failed
        assert expected in failed.message
    worker.tell(Job(5, "tiny/t5/lora", _fields(), "", {}))
    assert isinstance(worker.end(5), Done)


SERVER = """
import os, signal
from multiprocessing import get_context
from harness.playground.answering.messages import Job, Partial, Setup
from harness.playground.answering.process import work
context = get_context("spawn")
ours, theirs = context.Pipe()
process = context.Process(target=work, args=(theirs, Setup(None, None)), daemon=True)
process.start()
theirs.close()
decoding = {"method": "greedy", "max_new_tokens": 100_000, "stop_strings": ()}
ours.send(Job(1, "tiny/t5/lora", {"question": "where is Mola"}, "", decoding))
told = []
while len(told) < 3:
    event = ours.recv()
    told += [event.new_tokens] if isinstance(event, Partial) and event.new_tokens else []
print(process.pid, *told, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_ends_in_mid_answer_when_the_server_is_killed(tiny_ablation: Path) -> None:
    command = [sys.executable, "-c", SERVER]
    done = subprocess.run(
        command,
        cwd=tiny_ablation,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    pid, first, *_, last = map(int, done.stdout.split())
    assert 1 == first < last < 10_000, "it was in the making"
    end = time.monotonic() + 20
    while _runs(pid):
        assert time.monotonic() < end, "the worker goes on without a server"
        time.sleep(0.1)


def _runs(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_ctrl_c_is_the_servers_business(worker: Worker) -> None:
    worker.tell(Job(1, "tiny/t5/lora", _fields(), "", ENDLESS))
    worker.first_token()
    os.kill(worker.process.pid or 0, signal.SIGINT)
    later = worker.first_token()
    assert later.new_tokens > 1
    worker.tell(Stop(1))
    assert isinstance(worker.end(1), Done)


def test_a_model_that_does_not_fit_is_refused(tiny_ablation: Path) -> None:
    with contextlib.chdir(tiny_ablation), started(1e6) as one:
        one.tell(Job(1, "embedded:tiny_t5", _fields(), "", {}))
        failed = one.end(1)
        assert isinstance(failed, Failed)
        assert "0.0021 GB" in failed.message
        assert "at most 0.001 GB" in failed.message
        assert "--memory-limit" in failed.message


def _fields() -> dict[str, Any]:
    return {"question": "where is Mola", "context": "Mola is near Tarn"}
