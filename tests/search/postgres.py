"""A real PostgreSQL server for a test: Debian's, in a folder of its own, gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["ABSENT", "binaries", "running"]

ABSENT = "no PostgreSQL on this machine (Debian: apt-get install postgresql)"
USER, PASSWORD = "searcher", "open-sesame"


def binaries() -> Path | None:
    """Folder of `initdb` and `postgres`, or None; Debian keeps it off the path."""
    on_path = shutil.which("initdb")
    places = [Path(on_path).parent] if on_path else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((one for one in places if (one / "postgres").is_file()), None)


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """A server that knows one user, by password; gives the URL of an empty database.

    It runs as nobody when root tests, because it refuses root, and its data lies in a folder of
    its own then: nobody may not enter those of a test.
    """
    nobody = "nobody" if os.geteuid() == 0 else None
    data = Path(tempfile.mkdtemp(prefix="postgres-")) if nobody else folder / "postgres"
    data.mkdir(exist_ok=True)
    if nobody:
        shutil.chown(data, nobody)
    try:
        yield from _served(data, nobody)
    finally:
        shutil.rmtree(data, ignore_errors=True)


def _served(data: Path, user: str | None) -> Iterator[str]:
    place = binaries()
    assert place is not None
    port = _free_port()
    address = f"{USER}:{PASSWORD}@127.0.0.1:{port}/postgres"
    common = {"cwd": data, "user": user, "stdout": subprocess.DEVNULL}
    secret = data / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    cluster = data / "cluster"
    subprocess.run(
        [place / "initdb", "-D", cluster, "-U", USER, "--pwfile", secret, "-A", "scram-sha-256",
         "--no-sync", "-E", "UTF8", "--locale", "C"],
        check=True, **common,
    )  # fmt: skip
    settings = ["fsync=off", f"port={port}", "unix_socket_directories=", "max_connections=30"]
    options = [part for one in settings for part in ("-c", one)]
    with (data / "log").open("wb") as log:
        server = subprocess.Popen(
            [place / "postgres", "-D", cluster, *options], stderr=log, **common
        )
    try:
        _wait_for(f"postgresql://{address}", server, data / "log")
        yield f"postgresql+psycopg://{address}"
    finally:
        server.send_signal(signal.SIGINT)  # does not wait for clients
        server.wait(timeout=30)


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    for _ in range(200):
        assert server.poll() is None, log.read_text()
        try:
            psycopg.connect(address).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise AssertionError(log.read_text())


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
