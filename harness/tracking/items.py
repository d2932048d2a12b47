"""What is known of the test items: stored with an ablation, and read back."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.audit import Background, Exposed, Overlap, Profile
from harness.tracking import tags
from harness.tracking.artifacts import artifact_text, artifacts
from harness.tracking.store import Store, explained

if TYPE_CHECKING:
    from mlflow.entities import Run

__all__ = ["background_of_run", "describe_items"]


def describe_items(store: Store, run_id: str, background: Background) -> None:
    """Store what is known of the test items.

    Raises
    ------
    TrackingError
        The store failed.
    """
    with (
        explained(store, "store what is known of the test items"),
        tempfile.TemporaryDirectory() as folder,
    ):
        background.labels.to_parquet(Path(folder) / tags.LABELS_FILE, index=False)
        if background.texts is not None:
            background.texts.to_parquet(Path(folder) / tags.TEXTS_FILE, index=False)
        for name, tree in _trees(background).items():
            text = json.dumps(tree, indent=2, ensure_ascii=False)
            (Path(folder) / name).write_text(text, encoding="utf-8")
        store.client.log_artifacts(run_id, folder)


def background_of_run(store: Store, run: Run) -> Background | None:
    """What an ablation knew of its test items; None if it did not store it."""
    import pandas as pd

    names = {file.path for file in artifacts(store, run)}
    if tags.LABELS_FILE not in names:
        return None
    tables = {}
    with tempfile.TemporaryDirectory() as folder:
        for name in names & {tags.LABELS_FILE, tags.TEXTS_FILE}:
            path = store.client.download_artifacts(run.info.run_id, name, folder)
            tables[name] = pd.read_parquet(path)
    labels, texts = tables[tags.LABELS_FILE], tables.get(tags.TEXTS_FILE)
    trees = {
        name: json.loads(artifact_text(store, run.info.run_id, name))
        for name in names & {tags.OVERLAP_FILE, tags.EXPOSURE_FILE, tags.PROFILE_FILE}
    }
    overlap, profile = trees.get(tags.OVERLAP_FILE), trees.get(tags.PROFILE_FILE)
    return Background(
        labels,
        overlap and Overlap.from_json(overlap),
        tuple(
            Exposed(**{**entry, "notes": tuple(entry["notes"])})
            for entry in trees.get(tags.EXPOSURE_FILE, ())
        ),
        texts,
        profile and Profile.from_json(profile),
    )


def _trees(background: Background) -> dict[str, Any]:
    """The parts of a background that are known and are no tables, by file."""
    parts = {
        tags.OVERLAP_FILE: background.overlap and background.overlap.to_json(),
        tags.EXPOSURE_FILE: [asdict(one) for one in background.exposed],
        tags.PROFILE_FILE: background.profile and background.profile.to_json(),
    }
    return {name: tree for name, tree in parts.items() if tree}
