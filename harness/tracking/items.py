"""What is known of the test items: stored with an ablation, and read back."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.audit import Background, Exposed, Overlap, Profile
from harness.audit.background import OTHER_FIELD
from harness.data.items import Item
from harness.errors import TrackingError
from harness.tracking import tags
from harness.tracking.artifacts import artifact_text, artifacts
from harness.tracking.store import Store, explained

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities import Run

__all__ = ["background_of_run", "describe_items", "test_items"]


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
    names = {file.path for file in artifacts(store, run)}
    if tags.LABELS_FILE not in names:
        return None
    tables = {
        name: _table(store, run.info.run_id, name)
        for name in names & {tags.LABELS_FILE, tags.TEXTS_FILE}
    }
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


def test_items(store: Store, ablation_run_id: str, run_id: str) -> tuple[Item, ...]:
    """The test items of a run, from what was stored, so that they can be asked again.

    Parameters
    ----------
    store : Store
    ablation_run_id : str
        The parent run, whose texts they are.
    run_id : str
        Its finished run whose predictions hold their references.

    Returns
    -------
    tuple of Item
        In the order of the predictions; () if the ablation stored no texts, or the run did not
        finish. Their fields are `question`, `context` ("" without one) and, but in old stores,
        the others that prompts of the ablation name. Offsets and clusters are left out.

    Raises
    ------
    TrackingError
        The store failed, there is no such run, its predictions are gone, or a file is damaged.
    """
    from harness.tracking.reading import read_run  # which imports this module

    with explained(store, "read the test items of an ablation"):
        parent = store.client.get_run(ablation_run_id)
        if all(file.path != tags.TEXTS_FILE for file in artifacts(store, parent)):
            return ()
        texts = _table(store, ablation_run_id, tags.TEXTS_FILE)
    texts = texts.set_index("item").drop(columns="answer_start")
    names = [column.removeprefix(OTHER_FIELD) for column in texts.columns]
    fields = {item: dict(zip(names, row, strict=True)) for item, *row in texts.itertuples()}
    table = read_run(store, run_id).predictions
    if table is None:
        return ()
    return tuple(
        Item(item, fields[item], tuple(references), (), ())
        for item, references in zip(table["item"], table["references"], strict=True)
        if item in fields
    )


def _table(store: Store, run_id: str, name: str) -> pd.DataFrame:
    import pandas as pd

    with tempfile.TemporaryDirectory() as folder:
        path = store.client.download_artifacts(run_id, name, folder)
        try:
            return pd.read_parquet(path)
        except ValueError as error:
            raise TrackingError(
                "a table that was stored with an ablation is damaged",
                where=f"{name} of run {run_id}; {store.where}",
                got=str(error).strip().splitlines()[0],
                fix="restore the store's artifact folder, or run the ablation again",
            ) from error


def _trees(background: Background) -> dict[str, Any]:
    """The parts of a background that are known and are no tables, by file."""
    parts = {
        tags.OVERLAP_FILE: background.overlap and background.overlap.to_json(),
        tags.EXPOSURE_FILE: [asdict(one) for one in background.exposed],
        tags.PROFILE_FILE: background.profile and background.profile.to_json(),
    }
    return {name: tree for name, tree in parts.items() if tree}
