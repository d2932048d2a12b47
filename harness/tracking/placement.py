"""Where in MLflow an ablation goes: which MLflow experiment, and which parent run.

Follows the environment variables that MLflow's own tools set and obey.
"""

from __future__ import annotations

import os
import re
from datetime import datetime
from typing import TYPE_CHECKING

from harness.errors import TrackingError
from harness.tracking import tags
from harness.tracking.store import Store, write

if TYPE_CHECKING:
    from mlflow.entities import Run

__all__ = ["experiment_for", "opened_by_mlflow", "parent_run"]

# Without it, MLflow's pages open on tools for prompts and traces, with no column of scores.
_KIND = {"mlflow.experimentKind": "custom_model_development"}

_RANDOM_NAME = re.compile(r"[a-z]+-[a-z]+-\d+")  # what MLflow calls a run that got no name


def opened_by_mlflow(store: Store) -> Run | None:
    """The run that `mlflow run` opened for this process, unless an ablation has it already."""
    from mlflow.exceptions import MlflowException

    run_id = os.environ.get("MLFLOW_RUN_ID")
    if not run_id:
        return None
    try:
        run = store.client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None  # it is in another store than the one that --tracking-uri named
    free = run.info.status == "RUNNING" and tags.KIND not in run.data.tags
    return run if free else None


def experiment_for(store: Store, name: str) -> str:
    """Id of the MLflow experiment for an ablation that `mlflow run` opened no run for.

    `MLFLOW_EXPERIMENT_NAME` and `MLFLOW_EXPERIMENT_ID` come before `name`.

    Raises
    ------
    TrackingError
        There is no MLflow experiment with that id, or the name's has been deleted.
    """
    # `mlflow run` sets both for the run it opened: that is in another store, or is taken.
    given = {} if os.environ.get("MLFLOW_RUN_ID") else os.environ
    wanted, experiment_id = given.get("MLFLOW_EXPERIMENT_NAME"), given.get("MLFLOW_EXPERIMENT_ID")
    if experiment_id and not wanted:
        return _existing_experiment(store, experiment_id)
    return _named_experiment(store, wanted or name)


def _existing_experiment(store: Store, experiment_id: str) -> str:
    from mlflow.exceptions import MlflowException

    try:
        found: str = store.client.get_experiment(experiment_id).experiment_id
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise TrackingError(
            "there is no such MLflow experiment",
            where=f"MLFLOW_EXPERIMENT_ID in the environment; {store.where}",
            got=experiment_id,
            fix="unset it, or set MLFLOW_EXPERIMENT_NAME",
        ) from None
    return found


def _named_experiment(store: Store, name: str) -> str:
    from mlflow.exceptions import MlflowException

    experiment = store.client.get_experiment_by_name(name)
    if experiment is None:
        try:
            created: str = store.client.create_experiment(name, tags=_KIND)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            experiment = store.client.get_experiment_by_name(name)  # another process was faster
        else:
            return created
    if experiment is None or experiment.lifecycle_stage != "active":
        raise TrackingError(
            "the MLflow experiment of this name has been deleted",
            where=store.where,
            got=name,
            fix="`mlflow experiments restore`, or set MLFLOW_EXPERIMENT_NAME to another name",
        )
    found: str = experiment.experiment_id
    return found


def parent_run(
    store: Store, opened: Run | None, experiment_id: str, name: str, own_tags: dict[str, str]
) -> str:
    """Create the parent run of an ablation, or take over the one that `mlflow run` opened."""
    from mlflow.tracking.context.registry import resolve_tags

    title = f"{name} {datetime.now():%Y-%m-%d %H:%M:%S}"
    if opened is None:
        run = store.client.create_run(experiment_id, tags=resolve_tags(own_tags), run_name=title)
        created: str = run.info.run_id
        return created
    run_id: str = opened.info.run_id
    if _RANDOM_NAME.fullmatch(opened.info.run_name or ""):  # else `--run-name` gave it
        store.client.update_run(run_id, name=title)
    write(store, run_id, tags=own_tags)
    return run_id
