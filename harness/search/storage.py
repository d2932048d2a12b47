"""Where studies are kept: a journal file, or a database that several machines can reach.

Both notice a worker on another machine that has fallen silent. Optuna's journal does not by
itself, so it gets heartbeats here.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import optuna
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages._heartbeat import BaseHeartbeat, get_heartbeat_thread
from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._file import get_lock_file
from optuna.trial import FrozenTrial, TrialState

from harness.errors import TrackingError

__all__ = [
    "JOURNAL",
    "BeatingJournal",
    "beating",
    "explained",
    "open_storage",
    "storage_url",
    "where_is",
]

JOURNAL = "optuna.journal"
"""The default: a file beside MLflow's `mlflow.db`, in the working directory."""

BEAT, SILENCE = 20, 120
"""Seconds between two signs of life of a worker, and after which it is taken for dead."""

_BEAT = "heartbeat"
_DATABASE = re.compile(r"[a-z0-9]{2,}(\+[a-z0-9_]+)?:/", re.IGNORECASE)
_PASSWORDS = (re.compile(r"(?i)(password=)([^&]*)"), re.compile(r"(:/+[^:/@]*:)(.*)(?=@)"))
_TAIL = 1 << 20  # bytes at a journal's end; no line is as long
_TELLTALE = 4  # characters of a password below which masking it would give it away
_TOGETHER = 5  # attempts to make a database's tables while other workers make them too


class MendedFile(JournalFileBackend):
    """Optuna's journal file, in which a line that was cut short does not spoil the next one.

    A full disk or a lost connection leaves half a line at the end. Optuna would write the next
    one behind it, and then could read neither nor anything after them.
    """

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """As Optuna asks, after half a line at the end, which nobody has read, is gone."""
        if _half_line(self._file_path):
            with get_lock_file(self._lock):  # another worker may be writing it just now
                size = os.path.getsize(self._file_path) - _half_line(self._file_path)
                os.truncate(self._file_path, size)
        super().append_logs(logs)


def _half_line(path: str) -> int:
    """Bytes at the end of a file that are no whole line."""
    with open(path, "rb") as file:
        file.seek(max(file.seek(0, os.SEEK_END) - _TAIL, 0))
        tail = file.read()
    return len(tail) - tail.rfind(b"\n") - 1


class BeatingJournal(JournalStorage, BaseHeartbeat):
    """Optuna's journal storage with signs of life.

    Times are those of the workers' own clocks, so clocks that differ by more than the allowed
    silence would make living workers look dead.

    Parameters
    ----------
    backend : JournalFileBackend
    beat, silence : int
        Seconds, as the constants above.
    """

    def __init__(self, backend: JournalFileBackend, beat: int = BEAT, silence: int = SILENCE):
        super().__init__(backend)
        self._beat, self._silence = beat, silence

    def record_heartbeat(self, trial_id: int) -> None:
        """Say that somebody works on a trial; nothing if another worker has ended it."""
        with contextlib.suppress(UpdateFinishedTrialError):
            self.set_trial_system_attr(trial_id, _BEAT, time.time())

    def _get_stale_trial_ids(self, study_id: int) -> list[int]:
        running = self.get_all_trials(study_id, deepcopy=False, states=(TrialState.RUNNING,))
        now = time.time()
        return [
            one._trial_id
            for one in running
            if now - one.system_attrs.get(_BEAT, _start(one)) > self._silence
        ]

    def get_heartbeat_interval(self) -> int:
        """Seconds between two signs of life."""
        return self._beat

    def get_heartbeat_stale_trial_callback(self) -> None:
        """None: `harness.search.budget.requeue_lost` puts lost trials back."""


class BeatingDatabase(RDBStorage):
    """Optuna's database storage, whose signs of life outlast a moment without the database."""

    def record_heartbeat(self, trial_id: int) -> None:
        """Say that somebody works on a trial; what else is written tells of a failure."""
        from sqlalchemy.exc import SQLAlchemyError

        with contextlib.suppress(SQLAlchemyError, StorageInternalError):
            super().record_heartbeat(trial_id)


def _start(trial: FrozenTrial) -> float:
    return math.inf if trial.datetime_start is None else trial.datetime_start.timestamp()


@contextlib.contextmanager
def beating(study: optuna.Study, trial: optuna.Trial) -> Iterator[None]:
    """Give signs of life while this process works on a trial."""
    with get_heartbeat_thread(trial._trial_id, study._storage):
        yield


@contextlib.contextmanager
def explained(study: str) -> Iterator[None]:
    """Turn a database's and the file system's errors into a `TrackingError`.

    Raises
    ------
    TrackingError
        The storage of this study failed.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, StorageInternalError, OSError) as error:
        raise TrackingError(
            "the search's storage failed",
            where=f"study {study}",
            got=_first_line(error.__cause__ or error),
            fix="look at the database or the file (reachable, writable, not full), then start"
            " again: trials that have ended are kept",
        ) from error


def storage_url(given: str | None) -> str:
    """What the person named, else what `OPTUNA_STORAGE` does, else `optuna.journal` here."""
    return given or os.environ.get("OPTUNA_STORAGE") or JOURNAL


def where_is(url: str) -> str:
    """A storage for people: a journal by its full path, a database without its password."""
    if not _DATABASE.match(url):
        return str(Path(url).resolve())
    for pattern in _PASSWORDS:
        url = pattern.sub(r"\1***", url)
    return url


def _without_passwords(text: str, url: str) -> str:
    """What a driver says, without the passwords of its URL, as they are written and meant."""
    written = {found[1] for pattern in _PASSWORDS for found in pattern.findall(url)}
    meant = written | {unquote(one) for one in written}
    parts = meant | {part for one in meant for part in one.split("@")}  # of one not written as %40
    if any(len(secret) < _TELLTALE for secret in parts - {""}):  # its letters are everywhere
        return "an error of the driver; its message is left out, since the password is so short"
    for secret in sorted(parts - {""}, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def open_storage(url: str, *, must_exist: bool = False) -> BaseStorage:
    """Open a storage, and make it if there is none.

    Parameters
    ----------
    url : str
        A path of a journal file, or a database as SQLAlchemy names it, such as
        `postgresql+psycopg://user:password@host/name`.
    must_exist : bool
        Refuse to make a journal file, for those who only read.

    Raises
    ------
    TrackingError
        It cannot be opened.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if not _DATABASE.match(url):
        return _journal(Path(url), must_exist=must_exist)
    try:
        return _database(url)
    except Exception as error:  # every database driver has errors of its own
        raise TrackingError(
            "the search's storage cannot be opened",
            where=where_is(url),
            got=_without_passwords(_first_line(error), url),
            allowed="a file, or a database such as postgresql+psycopg://user:password@host/name",
            fix=_remedy(error),
        ) from error


def _journal(path: Path, *, must_exist: bool) -> BaseStorage:
    if must_exist and not path.is_file():
        raise TrackingError(
            "there is no such search storage",
            where="--storage",
            got=str(path),
            fix="run `harness search` first, or name the storage it used",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and not _may_be_journal(path):
            raise ValueError("a file of another kind")
        return BeatingJournal(MendedFile(str(path)))
    except (OSError, ValueError, KeyError) as error:
        raise TrackingError(
            "the search's journal cannot be opened",
            where=str(path),
            got=str(error) or type(error).__name__,
            allowed="a file that Optuna's journal was written to, or a new one",
        ) from error


def _may_be_journal(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(1) in (b"", b"{")


def _database(url: str) -> BaseStorage:
    from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

    for attempt in range(_TOGETHER):
        try:
            return _connected(url)
        except (IntegrityError, OperationalError, ProgrammingError) as error:
            if "exist" not in str(error) or attempt == _TOGETHER - 1:
                raise
            time.sleep(0.2 * (attempt + 1))  # another worker makes the tables at this moment
    raise AssertionError


def _connected(url: str) -> BaseStorage:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        # pre-ping: a database may have closed the connection while a trial trained
        return optuna.storages.get_storage(
            BeatingDatabase(
                url,
                engine_kwargs={"pool_pre_ping": True},
                heartbeat_interval=BEAT,
                grace_period=SILENCE,
            )
        )


def _remedy(error: Exception) -> str:
    if isinstance(error, ImportError):
        return f"install the database's driver: pip install {_driver(error)}"
    return "start the database, or correct --storage or OPTUNA_STORAGE"


def _driver(error: ImportError) -> str:
    # Optuna wraps the error that has the name
    name = error.name or getattr(error.__cause__, "name", None) or "the one that is missing"
    known = {
        "psycopg": "psycopg[binary]",
        "psycopg2": "psycopg2-binary",
        "MySQLdb": "mysqlclient",
    }
    return known.get(name, name)


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
