"""One SQLite store for all tests of a session: creating one takes MLflow several seconds."""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from harness import tracking
from harness.experiment import Experiment, Plan, make_plan
from harness.tracking import Ablation, Store
from tests.tracking.examples import EXPERIMENT


class OpenedStore(NamedTuple):
    store: Store
    folder: Path
    said: str


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder: opening a SQLite store makes `./mlruns`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> OpenedStore:
    """The default store in an empty folder, and all that was written while it was created."""
    folder = tmp_path_factory.mktemp("store")
    written = io.StringIO()
    before, cwd = dict(os.environ), Path.cwd()
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        del os.environ[name]
    os.chdir(folder)
    try:
        with contextlib.redirect_stderr(written), contextlib.redirect_stdout(written):
            store = tracking.open_store()
    finally:
        os.chdir(cwd)
        os.environ.update(before)
    return OpenedStore(store, folder, written.getvalue())


@pytest.fixture
def store(opened: OpenedStore, monkeypatch: pytest.MonkeyPatch) -> Store:
    for name in ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name, raising=False)
    return opened.store


@pytest.fixture
def plan(request: pytest.FixtureRequest) -> Plan:
    """A plan whose name belongs to the test, so that tests do not see each other's runs."""
    name = re.sub(r"\W+", "-", request.node.name).strip("-")
    return make_plan(Experiment.model_validate(EXPERIMENT | {"name": name}))


@pytest.fixture
def fingerprints(plan: Plan) -> Mapping[str, str]:
    return {spec.name: f"{plan.experiment.name} {spec.name}" for spec in plan.runs}


@pytest.fixture
def start(store: Store, plan: Plan, fingerprints: Mapping[str, str]) -> Callable[..., Ablation]:
    def start_with(**options: Any) -> Ablation:
        given = {"plan_hash": "hash", "fingerprints": fingerprints} | options
        return tracking.start_ablation(given.pop("store", store), plan, **given)

    return start_with
