"""Runs that a process left open when it was killed: found, and marked as killed.

Only runs of this host whose process is known to be gone are touched.
"""

from __future__ import annotations

import socket

from harness.tracking import tags
from harness.tracking.provenance import is_alive
from harness.tracking.store import Store, search, write

__all__ = ["mark_stale_runs"]


def mark_stale_runs(store: Store, experiment_id: str) -> list[str]:
    """Mark as killed what dead processes of this host left running in an MLflow experiment.

    Returns
    -------
    list of str
        The ids of these runs, parents and nested ones alike.
    """
    host = socket.gethostname().replace("'", "")
    running = search(
        store, f"attributes.status = 'RUNNING' and tags.`{tags.HOST}` = '{host}'", [experiment_id]
    )
    stale = [run.info.run_id for run in running if not is_alive(run.data.tags)]
    for run_id in stale:
        write(store, run_id, tags={tags.REASON: "its process was killed"})
        store.client.set_terminated(run_id, "KILLED")
    return stale
