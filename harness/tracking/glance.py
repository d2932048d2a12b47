"""A look at which runs a local store holds, without importing MLflow.

`harness plan` has to answer in about a second, and importing MLflow alone takes three.
The tables read here are MLflow's own; a test holds the answer against MLflow's.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from harness.tracking import tags

__all__ = ["finished_fingerprints"]

_DEFAULT = "sqlite:///mlflow.db"
_SQLITE = "sqlite:///"
_QUERY = """
    SELECT tags.value FROM tags JOIN runs USING (run_uuid)
    WHERE tags.key = ? AND runs.status = 'FINISHED' AND runs.lifecycle_stage = 'active'
"""


def finished_fingerprints(uri: str | None = None) -> frozenset[str] | None:
    """Fingerprints of the finished runs in a store, or None if only MLflow can tell.

    Parameters
    ----------
    uri : str, optional
        As for `harness.tracking.open_store`.
    """
    uri = uri or os.environ.get("MLFLOW_TRACKING_URI") or _DEFAULT
    if not uri.startswith(_SQLITE):
        return None
    path = Path(uri.removeprefix(_SQLITE)).absolute()
    if not path.is_file():
        return frozenset()
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection:
            rows = connection.execute(_QUERY, (tags.FINGERPRINT,)).fetchall()
    except sqlite3.Error:  # another version of MLflow, or not its file: it will say so itself
        return None
    return frozenset(value for (value,) in rows)
