"""Starting the playground, and ending it: folder, database, arms, worker, web server."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import filelock
from rich.console import Console

from harness.playground.options import Options, PlaygroundError, checked, is_loopback
from harness.playground.settings import django_settings, secret_key

__all__ = ["serve"]

_PORTS: Final = range(8000, 8020)
_PATIENCE: Final = 2  # seconds in which open streams may end


def serve(options: Options, work: Any = None) -> int:
    """Serve the playground until Ctrl-C.

    Parameters
    ----------
    options : Options
    work : callable, optional
        The model worker's main function, see `answering.messages.Work`.

    Returns
    -------
    int
        0.

    Raises
    ------
    InputError
        It cannot be started like this.
    """
    options = checked(options)
    console = Console(stderr=True, highlight=False)
    settings = django_settings(options, secret_key(options.folder))
    with _alone(options.folder) as lock, _listening(options) as listener:
        url = _url(options.host, listener.getsockname()[1])
        lock.write_text(f"{url} (process {os.getpid()})", encoding="utf-8")
        with console.status("reading the tracking store"):
            started = _start(options, settings, work)
        try:
            print(f"playground: {url}", flush=True)
            _advise(console, options)
            _web_server(started).run(sockets=[listener])
        except KeyboardInterrupt:
            pass
        finally:
            started.live.closed = True
            started.queue.close()
            print(f"ended; the conversations are kept in {_kept(options)}", file=sys.stderr)
    return 0


def _start(options: Options, settings: dict[str, Any], work: Any) -> Any:
    """Database, arms and queue, in this order: an unusable one ends it before the next."""
    _set_up(options, settings)
    from harness.playground.answering.messages import Setup
    from harness.playground.answering.process import work as model_worker
    from harness.playground.answering.queue import Queue
    from harness.playground.catalogue import Catalogue
    from harness.playground.live import Live
    from harness.playground.services import Services, provide

    catalogue = Catalogue(options.tracking_uri, options.runs)
    live = Live()
    setup = Setup(catalogue.tracking_uri, options.memory_limit)
    owner = hashlib.sha256(settings["SECRET_KEY"].encode()).hexdigest()[:16]
    queue = Queue(work or model_worker, setup, catalogue, live, owner)
    parts = Services(catalogue, live, queue, options.password)
    provide(parts)
    queue.start()
    return parts


def _set_up(options: Options, settings: dict[str, Any]) -> None:
    """Django, and the tables as this version wants them."""
    import django
    from django.conf import settings as lazy
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import call_command
    from django.db import Error, connection
    from django.db.migrations.loader import MigrationLoader

    lazy.configure(**settings)
    logging.getLogger("django.request").setLevel(logging.ERROR)  # not what a person mistypes
    logging.getLogger("django.security.DisallowedHost").setLevel(logging.CRITICAL)  # nor others
    try:
        if not options.database:
            _make_private(_sqlite(options))
        django.setup()
        _check_version(MigrationLoader(connection))
        call_command("migrate", verbosity=0, interactive=False)
        connection.close()
    except (Error, ImproperlyConfigured, OSError) as error:
        raise PlaygroundError(
            "the database of the conversations cannot be used",
            where="--database" if options.database else str(_sqlite(options)),
            got=str(error).strip().splitlines()[0],
            fix="see that the database runs and can be written; a driver that is missing is"
            " installed with it, such as: pip install 'psycopg[binary]'",
        ) from None


def _check_version(loader: Any) -> None:
    """Leave a database alone that another version has changed in ways not known here."""
    unknown = [
        name
        for app, name in loader.applied_migrations
        if app == "playground" and (app, name) not in loader.disk_migrations
    ]
    if unknown:
        raise PlaygroundError(
            "a newer version of the harness has used these conversations",
            got=f"tables as of {max(unknown)}",
            fix="install that version, or give another place: --folder DIR or --database URL",
        )


def _make_private(database: Path) -> None:
    """Make it, if it is not there, for its owner alone: the folder may be open to others."""
    os.close(os.open(database, os.O_RDWR | os.O_CREAT, 0o600))


def _web_server(started: Any) -> Any:
    import uvicorn

    from harness.playground.asgi import application

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: Any) -> None:
            started.live.closed = True  # so that open streams end, which it waits for
            super().handle_exit(sig, frame)

    config = uvicorn.Config(
        application(),
        lifespan="off",
        ws="none",
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_PATIENCE,
        limit_concurrency=1000,
    )
    return Server(config)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[Path]:
    """Hold the folder; the path is of a file that says who does."""
    place = folder / "running.txt"
    lock = filelock.FileLock(folder / ".lock", blocking=False)
    try:
        lock.acquire()
    except filelock.Timeout:
        found = "one that is starting"
        with contextlib.suppress(OSError):
            found = place.read_text(encoding="utf-8")
        raise PlaygroundError(
            "a playground with this folder is running already",
            where=str(folder),
            got=found,
            fix="open that one, or give another folder: --folder DIR",
        ) from None
    except OSError as error:
        raise PlaygroundError(
            "the playground's folder cannot be used",
            where=str(folder),
            got=str(error),
            fix="give another one: --folder DIR",
        ) from None
    try:
        yield place
    finally:
        place.unlink(missing_ok=True)
        lock.release()


@contextlib.contextmanager
def _listening(options: Options) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    ports = _PORTS if options.port is None else [options.port]
    reason = ""
    for port in ports:
        try:
            listener = socket.create_server((options.host, port), family=family, backlog=512)
        except (OSError, OverflowError) as error:
            reason = str(error)
            continue
        with listener:
            yield listener
        return
    raise PlaygroundError(
        "the playground cannot listen here",
        where=f"--host {options.host} --port {ports[0]}"
        + (f" to {ports[-1]}" if len(ports) > 1 else ""),
        got=reason,
        fix="give a free port: --port 0 takes any",
    )


def _url(host: str, port: int) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/"


def _advise(console: Console, options: Options) -> None:
    if not is_loopback(options.host):
        console.print(
            "note: what is sent is not encrypted; where others can listen, use an SSH tunnel or"
            " a proxy with TLS",
            soft_wrap=True,
        )
    console.print("Ctrl-C ends it")


def _sqlite(options: Options) -> Path:
    return options.folder / "conversations.sqlite3"


def _kept(options: Options) -> str:
    return "the database" if options.database else str(_sqlite(options))
