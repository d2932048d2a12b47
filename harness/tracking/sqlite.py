"""SQLite files as tracking stores: checked before MLflow sees them, created whole or not at all.

MLflow retries a file that it cannot open for more than a minute; two processes that create
the same file at once, or an interrupt in the seconds this takes, leave one that can never be
opened again. Nothing here knows what is in a store.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

__all__ = ["SQLITE", "prepared_sqlite"]

SQLITE = "sqlite:///"


def prepared_sqlite(uri: str) -> str:
    """Make sure that a file is there, is a database and can be written.

    Returns
    -------
    str
        The URI with an absolute path.

    Raises
    ------
    OSError, sqlite3.Error
        It cannot be used.
    """
    name = uri.removeprefix(SQLITE)
    if name in ("", ":memory:") or "?" in name:
        return uri
    path = Path(name).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    if not _has_content(path):
        with _one_at_a_time(path.parent):
            if not _has_content(path):
                _create(path)
    with closing(sqlite3.connect(path, timeout=20)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("PRAGMA user_version")
        connection.rollback()
    return f"{SQLITE}{path}"


def _has_content(path: Path) -> bool:
    return path.exists() and (path.is_dir() or path.stat().st_size > 0)


def _create(path: Path) -> None:
    """Let MLflow create its tables next to `path`, and put the file in place when they are done."""
    from mlflow import MlflowClient

    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".new-store-") as folder:
        fresh = Path(folder) / path.name
        MlflowClient(tracking_uri=f"{SQLITE}{fresh}").search_experiments(max_results=1)
        os.replace(fresh, path)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder, where the system has such locks; it leaves no file behind."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems have none
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
