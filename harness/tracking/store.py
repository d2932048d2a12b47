"""Opening a tracking store, and the few calls that every other module makes on one.

Knows MLflow's kinds of stores and their ways of failing; knows nothing of ablations.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import TrackingError
from harness.tracking.sqlite import SQLITE, prepared_sqlite

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run

__all__ = ["Store", "explained", "open_store", "search", "write"]

_QUIET_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",  # an ablation reports to nobody unless asked to
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
_PROBE_ENVIRONMENT = {  # MLflow's own settings retry for minutes before they give up
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}
_MAX_METRICS, _MAX_OTHERS = 500, 100  # per request; MLflow's limits are 1,000 and 100


@dataclass(frozen=True)
class Store:
    """A tracking store that has answered once.

    Attributes
    ----------
    uri : str
        Where it is; a SQLite file by its absolute path.
    client : MlflowClient
        The connection. It belongs to this process and may be used from several threads.
    """

    uri: str
    client: MlflowClient

    @property
    def where(self) -> str:
        """`uri` for people: without a password."""
        return _without_password(self.uri)


def open_store(uri: str | None = None, *, must_exist: bool = False) -> Store:
    """Open a tracking store, and create it if it is a SQLite file that does not exist.

    Creating one takes MLflow several seconds. Artifacts of a SQLite store go to `./mlruns`.

    Parameters
    ----------
    uri : str, optional
        Such as `sqlite:///mlflow.db` or `http://localhost:5000`; if left out what
        `MLFLOW_TRACKING_URI` says, else MLflow's default, `sqlite:///mlflow.db`.
    must_exist : bool
        Refuse to create a SQLite file, for those who only read.

    Raises
    ------
    TrackingError
        There is no such kind of store, it does not answer, or it cannot be written.
    """
    for name, value in _QUIET_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import mlflow

    if "MLFLOW_LOGGING_LEVEL" not in os.environ:
        for logger in ("mlflow", "alembic"):
            logging.getLogger(logger).setLevel(logging.WARNING)
    uri = uri or mlflow.get_tracking_uri()
    if must_exist and uri.startswith(SQLITE) and not Path(uri.removeprefix(SQLITE)).is_file():
        raise TrackingError(
            "there is no such tracking store",
            where="--tracking-uri",
            got=_without_password(uri),
            fix="name the store that the ablation was tracked in, or start in its folder",
        )
    try:
        if uri.startswith(SQLITE):
            uri = prepared_sqlite(uri)
        store = Store(uri, mlflow.MlflowClient(tracking_uri=uri))
        with _environment(_PROBE_ENVIRONMENT if uri.startswith("http") else {}):
            store.client.search_experiments(max_results=1)
    except Exception as error:  # every database driver and plugin has errors of its own
        raise TrackingError(
            "the tracking store cannot be opened",
            where=_without_password(uri),
            got=_first_line(error),
            allowed=f"{SQLITE}FILE, http://HOST:PORT, https://HOST, or a database URI",
            fix=_remedy(uri, error),
        ) from error
    return store


@contextmanager
def explained(store: Store, doing: str) -> Iterator[None]:
    """Turn MLflow's and the file system's errors into a `TrackingError` about `doing`.

    Raises
    ------
    TrackingError
        The store or its artifact folder failed.
    """
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (MlflowException, OSError) as error:
        raise TrackingError(
            f"the tracking store failed to {doing}",
            where=store.where,
            got=_first_line(error),
            fix="look at the store and its artifact folder (reachable, writable, not full), then"
            " start again: finished runs are reused",
        ) from error


def search(store: Store, query: str, experiment_ids: Sequence[str] | None = None) -> list[Run]:
    """Runs that match a query of MLflow's search language, newest first.

    Parameters
    ----------
    store : Store
    query : str
    experiment_ids : sequence of str, optional
        MLflow experiments to look in; all that are not deleted when left out.
    """
    if experiment_ids is None:
        experiment_ids = [e.experiment_id for e in _pages(store.client.search_experiments)]
    if not experiment_ids:
        return []
    return _pages(
        store.client.search_runs,
        experiment_ids=list(experiment_ids),
        filter_string=query,
        order_by=["attributes.start_time DESC"],
    )


def write(
    store: Store,
    run_id: str,
    *,
    params: Mapping[str, str] | None = None,
    metrics: Sequence[Metric] = (),
    tags: Mapping[str, str] | None = None,
) -> None:
    """Write to a run in as few requests as MLflow's limits allow: mostly one."""
    from mlflow.entities import Param, RunTag

    left_params = [Param(key, value) for key, value in (params or {}).items()]
    left_metrics = list(metrics)
    left_tags = [RunTag(key, value) for key, value in (tags or {}).items()]
    while left_params or left_metrics or left_tags:
        store.client.log_batch(
            run_id,
            params=left_params[:_MAX_OTHERS],
            metrics=left_metrics[:_MAX_METRICS],
            tags=left_tags[:_MAX_OTHERS],
        )
        del left_params[:_MAX_OTHERS], left_metrics[:_MAX_METRICS], left_tags[:_MAX_OTHERS]


def _pages(find: Any, **arguments: Any) -> list[Any]:
    found, token = [], None
    while True:
        page = find(**arguments, page_token=token)
        found += page
        token = page.token
        if not token:
            return found


def _without_password(uri: str) -> str:
    return re.sub(r"(//[^:/@]*):[^@/]*@", r"\1:***@", uri)


def _remedy(uri: str, error: Exception) -> str:
    if "mlflow db upgrade" in str(error):
        return "make a copy of the database, then `mlflow db upgrade` it"
    if uri.startswith(SQLITE):
        return (
            f"name a SQLite file in a folder you may write, such as {SQLITE}mlflow.db;"
            " if MLflow was interrupted while it created this file, delete it"
        )
    if uri.startswith("http"):
        return "start the server (`mlflow server`), or give its address with --tracking-uri"
    if "://" not in uri or uri.startswith("file:"):
        return f"MLflow no longer keeps runs in plain folders; write {SQLITE}mlflow.db"
    return "correct --tracking-uri or MLFLOW_TRACKING_URI"


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
