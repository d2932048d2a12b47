"""The playground as it is started and ended from a terminal."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sqlite3
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import filelock
import httpx
import psutil
import pytest

from tests.playground.served import ROOT, Served, command, models, served

EXPORT = "export/json/"


@contextmanager
def visitor(one: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=one.url, follow_redirects=True, timeout=30) as client:
        yield client


def posted(client: httpx.Client, place: str, **values: Any) -> httpx.Response:
    """A form of the first page, sent."""
    page = client.get("/").text
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token is not None
    return client.post(place, data={"csrfmiddlewaretoken": token.group(1), **values})


def begun(client: httpx.Client) -> str:
    """A conversation with all arms; its address."""
    keys = re.findall(r'name="arms" value="([\w-]+)"', client.get("/").text)
    return posted(client, "/", arms=keys).url.path


def answers(client: httpx.Client) -> list[dict[str, Any]]:
    conversations = json.loads(client.get(EXPORT).text)
    return [a for one in conversations for turn in one["turns"] for a in turn["answers"]]


def settled(client: httpx.Client) -> list[dict[str, Any]]:
    end = time.monotonic() + 30
    while not (found := answers(client)) or {"waiting", "answering"} & {a["status"] for a in found}:
        assert time.monotonic() < end
        time.sleep(0.1)
    return found


def refused(folder: Path, *arguments: str, **variables: str) -> str:
    """What it says when it does not start."""
    done = subprocess.run(
        command(*arguments),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_what_was_said_is_there_after_an_end_and_after_a_kill(tmp_path: Path) -> None:
    arms = models(tmp_path, "alpha", "beta")
    with served(tmp_path, *arms) as one, visitor(one) as client:
        place = begun(client)
        posted(client, f"{place}ask/", question="first question")
        assert [a["status"] for a in settled(client)] == ["done", "done"]
        code, said = one.interrupt()
        assert (code, "Traceback" in said) == (0, False)
        assert "the conversations are kept in playground/conversations.sqlite3" in said
    with served(tmp_path, *arms) as one, visitor(one) as client:
        assert "first question" in client.get(place).text
        posted(client, f"{place}ask/", question="slowly " + "word " * 100)
        time.sleep(2.5)
        one.kill()
    with served(tmp_path, *arms) as one, visitor(one) as client:
        cut, waited = answers(client)[2:]
        assert cut["status"] == "interrupted"
        assert cut["text"].startswith("alpha heard: slowly word")
        assert waited["status"] in ("waiting", "answering")
        assert "ended before this answer did" in client.get(place).text


def test_the_worker_ends_with_a_killed_playground(tmp_path: Path) -> None:
    with served(tmp_path, *models(tmp_path, "alpha")) as one, visitor(one) as client:
        posted(client, f"{begun(client)}ask/", question="slowly " + "word " * 300)
        time.sleep(2)
        workers = psutil.Process(one.process.pid).children(recursive=True)
        assert workers
        one.kill()
    _, orphans = psutil.wait_procs(workers, timeout=20)
    assert not [one for one in orphans if one.status() != psutil.STATUS_ZOMBIE]


def test_ctrl_c_does_not_wait_for_open_pages(tmp_path: Path) -> None:
    with served(tmp_path, *models(tmp_path, "alpha")) as one, visitor(one) as client:
        place = begun(client)
        with client.stream("GET", f"{place}events?after=x") as stream:
            assert next(stream.iter_lines()) == ": begins"
            start = time.monotonic()
            code, said = one.interrupt()
        assert code == 0
        assert time.monotonic() - start < 10
        assert said.splitlines()[:-1] == ["Ctrl-C ends it"]  # and nothing of streams cut off


@pytest.mark.parametrize(
    ("how", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 128 + 15), (signal.SIGHUP, 128 + 1)]
)
def test_an_end_in_the_middle_of_an_answer_keeps_what_there_is(
    how: signal.Signals, code: int, tmp_path: Path
) -> None:
    with served(tmp_path, *models(tmp_path, "alpha")) as one, visitor(one) as client:
        posted(client, f"{begun(client)}ask/", question="slowly " + "word " * 100)
        time.sleep(0.8)
        ended, said = one.interrupt(how)
        assert ended == code
        assert "the conversations are kept" in said
        assert "Traceback" not in said
    with contextlib.closing(sqlite3.connect(tmp_path / "playground/conversations.sqlite3")) as file:
        ((status, text),) = file.execute("select status, text from playground_answer")
    assert status == "interrupted"
    assert text.startswith("alpha heard: slowly word")


def test_a_stream_goes_on_after_the_last_event_that_came(tmp_path: Path) -> None:
    def events(client: httpx.Client, place: str, **headers: str) -> list[str]:
        """Ids of what comes, up to the end of the answer."""
        seen = []
        with client.stream("GET", f"{place}events?after={start}", headers=headers) as stream:
            for line in stream.iter_lines():
                if line.startswith("id:"):
                    seen.append(line.removeprefix("id:").strip())
                if line.startswith("event:") and len(seen) >= 3:
                    return seen
        return seen

    with served(tmp_path, *models(tmp_path, "alpha", "beta")) as one, visitor(one) as client:
        place = begun(client)
        found = re.search(r'data-after="([\w-]+)"', client.get(place).text)
        assert found is not None
        start = found.group(1)
        posted(client, f"{place}ask/", question="slowly a b c d")
        posted(client, f"{place}ask/", question="slowly e f g h")
        first = events(client, place)
        again = events(client, place, **{"Last-Event-ID": first[-1]})
        numbers = [int(one.rpartition("-")[2]) for one in [*first, *again]]
        assert numbers == sorted(set(numbers)), "an event came twice"


def test_a_folder_belongs_to_one_playground(tmp_path: Path) -> None:
    arms = models(tmp_path, "alpha")
    with served(tmp_path, *arms) as one:
        said = refused(tmp_path, *arms)
        assert one.url in said
        assert "--folder" in said
        with served(tmp_path, *arms, "--folder", "other"):
            pass


def test_a_playground_that_is_still_starting_holds_its_folder_too(tmp_path: Path) -> None:
    arms = models(tmp_path, "alpha")
    (tmp_path / "playground").mkdir()
    with filelock.FileLock(tmp_path / "playground/.lock"):
        assert "is running already" in refused(tmp_path, *arms)


def test_a_taken_port_is_said_and_the_default_one_gives_way(tmp_path: Path) -> None:
    arms = models(tmp_path, "alpha")
    with served(tmp_path, *arms) as one:
        port = one.url.rstrip("/").rpartition(":")[2]
        said = refused(tmp_path, *arms, "--folder", "other", "--port", port)
        assert "--port 0 takes any" in said
    assert "allowed" not in refused(tmp_path, *arms, "--port", "99999")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--host", "0.0.0.0"], "HARNESS_PLAYGROUND_PASSWORD"),
        (["--database", "nonsense"], "--database"),
        (["--database", "sqlite:////nowhere/at/all.sqlite3"], "cannot be used"),
        (["--database", "postgresql://me:pass1@127.0.0.1:1/x"], "cannot be used"),
        (["--database", "mysql://me:pass1@127.0.0.1:1/x"], "cannot be used"),
        (["--memory-limit", "-3"], "--memory-limit"),
        (["--folder", "/proc/nowhere"], "--folder"),
        (["/proc"], "config.json"),
        (["no/such/run"], "harness ablation"),
        ([], "harness playground FOLDER"),
    ],
)
def test_what_cannot_be_started_says_how_it_could(
    arguments: list[str], expected: str, tmp_path: Path
) -> None:
    named = bool(arguments) and not arguments[0].startswith("-")
    arms = [] if named or not arguments else models(tmp_path, "alpha")
    said = refused(tmp_path, *arguments, *arms)
    assert said.startswith("error: ")
    assert expected in said
    assert "pass1" not in said


def test_with_a_password_nothing_is_served_before_it(tmp_path: Path) -> None:
    secret = {"HARNESS_PLAYGROUND_PASSWORD": "a long password"}
    arms = models(tmp_path, "alpha")
    with served(tmp_path, *arms, "--host", "0.0.0.0", **secret) as one:
        url = one.url.replace("0.0.0.0", "127.0.0.1")
        with httpx.Client(base_url=url, timeout=30) as client:
            assert client.get("/", headers={"accept": "text/html"}).status_code == 302
            assert client.get(EXPORT).status_code == 403
        _, said = one.interrupt()
        assert "not encrypted" in said
        assert "a long password" not in said


def test_open_pages_keep_no_connection_to_the_database(tmp_path: Path) -> None:
    def opened() -> int:
        files = psutil.Process(one.process.pid).open_files()
        return sum(file.path.endswith("conversations.sqlite3") for file in files)

    with (
        served(tmp_path, *models(tmp_path, "alpha")) as one,
        visitor(one) as client,
        ExitStack() as streams,
    ):
        place = f"{begun(client)}events"
        after = re.search(r'data-after="([^"]+)"', client.get(place.removesuffix("events")).text)
        assert after is not None
        lines: list[Iterator[str]] = []  # which are closed when nobody holds them
        for _ in range(12):
            url = f"{place}?after={after.group(1)}"
            lines.append(streams.enter_context(client.stream("GET", url)).iter_lines())
            assert next(lines[-1]) == ": begins"
        assert opened() < 6  # the queue has one


def test_conversations_are_private_in_a_folder_that_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "playground"
    folder.mkdir(mode=0o755)
    with served(tmp_path, *models(tmp_path, "alpha")) as one, visitor(one) as client:
        begun(client)
        for path in folder.glob("conversations.sqlite3*"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_conversations_of_a_newer_version_are_left_alone(tmp_path: Path) -> None:
    arms = models(tmp_path, "alpha")
    with served(tmp_path, *arms):
        pass
    with closing(sqlite3.connect(tmp_path / "playground/conversations.sqlite3")) as database:
        values = "values ('playground', '0099_mood', '2030-01-01')"
        database.execute(f"insert into django_migrations (app, name, applied) {values}")
        database.commit()
    said = refused(tmp_path, *arms)
    assert "0099_mood" in said


def test_a_folder_that_cannot_be_held_is_said(tmp_path: Path) -> None:
    (tmp_path / "playground/.lock").mkdir(parents=True)
    assert "--folder" in refused(tmp_path, *models(tmp_path, "alpha"))
