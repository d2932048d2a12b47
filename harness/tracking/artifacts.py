"""Files of a run, read back; writes nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.tracking.store import Store

if TYPE_CHECKING:
    from mlflow.entities import Run

__all__ = ["artifact_text", "artifacts"]


def artifacts(store: Store, run: Run) -> list[Any]:
    """Files and folders of a run; none where its folder is out of reach."""
    from mlflow.exceptions import MlflowException

    try:
        return list(store.client.list_artifacts(run.info.run_id))
    except (MlflowException, OSError):  # the artifacts are out of reach, so not to be reused
        return []


def artifact_text(store: Store, run_id: str, name: str) -> str:
    """A file of a run as text."""
    with tempfile.TemporaryDirectory() as folder:
        path = store.client.download_artifacts(run_id, name, folder)
        return Path(path).read_text(encoding="utf-8")
