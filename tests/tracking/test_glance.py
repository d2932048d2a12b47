from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.experiment import Plan
from harness.tracking import Ablation, Store, find_finished
from harness.tracking.glance import finished_fingerprints
from tests.tracking.examples import METRICS, predictions


def test_glance_and_mlflow_agree(
    start: Callable[..., Ablation], store: Store, plan: Plan, fingerprints: Mapping[str, str]
) -> None:
    with start() as ablation:
        for spec in plan.runs[:3]:
            with ablation.run(spec) as run:
                run.finish(METRICS, predictions())
        with ablation.run(plan.runs[3]) as run:
            run.fail("out of memory")
        ablation.run(plan.runs[4])
    store.client.delete_run(find_finished(store, fingerprints[plan.runs[0].name]) or "")
    glanced = finished_fingerprints(store.uri)
    assert glanced is not None
    for spec in plan.runs:
        name = fingerprints[spec.name]
        assert (name in glanced) == (find_finished(store, name) is not None)
    assert fingerprints[plan.runs[1].name] in glanced


def test_default_is_the_same_store(opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(opened.folder)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert finished_fingerprints() == finished_fingerprints(opened.store.uri)


def test_no_store_yet(tmp_path: Path) -> None:
    assert finished_fingerprints(f"sqlite:///{tmp_path}/mlflow.db") == frozenset()


def test_what_only_mlflow_can_tell(tmp_path: Path) -> None:
    assert finished_fingerprints("http://localhost:5000") is None
    (tmp_path / "mlflow.db").write_text("not a database at all" * 99)
    assert finished_fingerprints(f"sqlite:///{tmp_path}/mlflow.db") is None
