"""What an experiment declared: stored before anything is trained, and read with its history."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from harness.experiment.declaration import Declaration, with_declaration
from harness.tracking import tags
from harness.tracking.artifacts import artifact_text, artifacts
from harness.tracking.store import Store, explained, search, write

if TYPE_CHECKING:
    from mlflow.entities import Run

__all__ = ["declarations_of", "declare"]

_MOST_HEADS = 20  # of declarations in a tag, whose length MLflow limits


def declare(
    store: Store, run_id: str, name: str, what: Mapping[str, Any], *, n_known: int, n_runs: int
) -> tuple[Declaration, ...]:
    """Store what an ablation declares.

    Parameters
    ----------
    store : Store
    run_id, name : str
        The ablation, and its experiment.
    what : mapping
        From `harness.experiment.declaration.declared_of`.
    n_known, n_runs : int
        How many runs of the plan have results already, and how many it has.

    Returns
    -------
    tuple of Declaration
        All of this experiment's declarations in the store, this one last.

    Raises
    ------
    TrackingError
        The store failed.
    """
    earlier, n_earlier = _declared_before(store, name, run_id)
    history = with_declaration(
        earlier,
        what,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        n_known=n_known,
        n_runs=n_runs,
        n_earlier=n_earlier,
    )
    with explained(store, "store what is declared"):
        tree = [asdict(one) for one in history]
        text = json.dumps(tree, indent=2, ensure_ascii=False)
        store.client.log_text(run_id, text, tags.DECLARATION_FILE)
        heads = json.dumps([{**one, "what": {}} for one in tree[-_MOST_HEADS:]])
        write(store, run_id, tags={tags.DECLARED: heads})
    return history


def declarations_of(store: Store, run: Run) -> tuple[Declaration, ...]:
    """Declarations up to an ablation's own; only their heads where the file is out of reach."""
    if any(file.path == tags.DECLARATION_FILE for file in artifacts(store, run)):
        entries = json.loads(artifact_text(store, run.info.run_id, tags.DECLARATION_FILE))
    else:
        entries = json.loads(run.data.tags.get(tags.DECLARED, "[]"))
    return tuple(Declaration(**{"n_earlier": 0, **entry}) for entry in entries)


def _declared_before(store: Store, name: str, run_id: str) -> tuple[tuple[Declaration, ...], int]:
    """What an experiment declared so far, and how many runs of its other ablations finished."""
    quoted = name.replace("'", "")
    query = f"tags.`{tags.KIND}` = 'ablation' and tags.`{tags.EXPERIMENT}` = '{quoted}'"
    history: tuple[Declaration, ...] = ()
    n_finished = 0
    with explained(store, "read what was declared before"):
        for run in search(store, query):
            if run.info.run_id == run_id:
                continue
            history = history or declarations_of(store, run)
            children = f"tags.`{tags.PARENT}` = '{run.info.run_id}'"
            nested = search(store, children, [run.info.experiment_id])
            n_finished += sum(
                one.info.status == "FINISHED" and tags.REUSED_FROM not in one.data.tags
                for one in nested
            )
    return history, n_finished
