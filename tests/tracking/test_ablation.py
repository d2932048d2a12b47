from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from harness.errors import RunError, TrackingError
from harness.experiment import Plan
from harness.tracking import Ablation, DataInput, Store, find_finished, open_store
from harness.tracking.store import search
from tests.tracking.examples import METRICS, finish_one, predictions

Start = Callable[..., Ablation]


def test_finished_run_is_found_by_its_fingerprint(
    start: Start, store: Store, plan: Plan, fingerprints: Mapping[str, str]
) -> None:
    with start() as ablation:
        run_id = finish_one(ablation, plan)
    assert find_finished(store, fingerprints[plan.runs[0].name]) == run_id
    assert find_finished(store, fingerprints[plan.runs[1].name]) is None


def test_newest_finished_run_is_found(
    start: Start, store: Store, plan: Plan, fingerprints: Mapping[str, str]
) -> None:
    with start() as ablation:
        finish_one(ablation, plan)
        time.sleep(0.01)  # MLflow's clock counts milliseconds
        newest = finish_one(ablation, plan)
    assert find_finished(store, fingerprints[plan.runs[0].name]) == newest


def test_run_without_its_predictions_is_not_found(
    start: Start, store: Store, plan: Plan, fingerprints: Mapping[str, str]
) -> None:
    with start() as ablation:
        run_id = finish_one(ablation, plan)
    folder = Path(store.client.get_run(run_id).info.artifact_uri.removeprefix("file://"))
    (folder / "predictions.parquet").unlink()
    assert find_finished(store, fingerprints[plan.runs[0].name]) is None


def test_run_that_was_killed_after_its_last_artifact_is_not_found(
    start: Start, store: Store, plan: Plan, fingerprints: Mapping[str, str]
) -> None:
    with start() as ablation:
        run_id = finish_one(ablation, plan)
    store.client.update_run(run_id, status="KILLED")
    assert find_finished(store, fingerprints[plan.runs[0].name]) is None


class UnwritableTable(pd.DataFrame):
    def to_parquet(self, *_: Any, **__: Any) -> None:  # type: ignore[override]
        raise OSError("No space left on device")


def diverge(run: Any) -> None:
    raise RunError("the loss is NaN at step 7")


def interrupt(run: Any) -> None:
    raise KeyboardInterrupt


def leave(run: Any) -> None:
    raise SystemExit(143)


def fill_the_disk(run: Any) -> None:
    run.finish(METRICS, UnwritableTable(predictions()))


@pytest.mark.parametrize(
    ("happening", "error", "status", "reason"),
    [
        (diverge, RunError, "FAILED", "the loss is NaN at step 7"),
        (lambda run: 1 / 0, ZeroDivisionError, "FAILED", "ZeroDivisionError: division by zero"),
        (interrupt, KeyboardInterrupt, "KILLED", "interrupted"),
        (leave, SystemExit, "KILLED", "SystemExit: 143"),
        (fill_the_disk, TrackingError, "FAILED", "the tracking store failed to store"),
    ],
    ids=["diverged", "defect", "interrupted", "exit", "disk-full"],
)
def test_run_that_ends_early_says_why_and_is_never_reused(
    happening: Callable[[Any], None],
    error: type[BaseException],
    status: str,
    reason: str,
    start: Start,
    store: Store,
    plan: Plan,
    fingerprints: Mapping[str, str],
    tmp_path: Path,
) -> None:
    ablation = start()
    run = ablation.run(plan.runs[0])
    run.log(7, {"train_loss": 2.0})
    with pytest.raises(error), ablation, run:
        happening(run)
    stored = store.client.get_run(run.run_id)
    assert stored.info.status == status
    assert stored.data.tags["harness.reason"].startswith(reason)
    assert "harness.fingerprint" not in stored.data.tags
    assert stored.data.metrics["train_loss"] == 2.0
    text = Path(store.client.download_artifacts(run.run_id, "error.txt", str(tmp_path)))
    assert error.__name__ in text.read_text()
    assert find_finished(store, fingerprints[plan.runs[0].name]) is None
    assert store.client.get_run(ablation.run_id).info.status == status


def test_run_that_is_left_without_results_has_failed(
    start: Start, store: Store, plan: Plan
) -> None:
    with start() as ablation, ablation.run(plan.runs[0]) as run:
        pass
    assert store.client.get_run(run.run_id).info.status == "FAILED"


def test_failure_that_came_as_a_value(start: Start, store: Store, plan: Plan) -> None:
    with start() as ablation:
        with ablation.run(plan.runs[0]) as run:
            run.fail("out of memory", details="Traceback …")
        finish_one(ablation, plan, 1)
    assert store.client.get_run(run.run_id).info.status == "FAILED"
    parent = store.client.get_run(ablation.run_id)
    assert parent.info.status == "FAILED"
    assert parent.data.tags["harness.reason"] == "1 of 2 runs failed"


def test_what_a_run_looks_like(start: Start, store: Store, plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "weights.bin").write_bytes(b"weights")
    inputs = [
        DataInput("train", "invented", "digest", "invented", items=10),
        DataInput("test", "invented", "digest", "invented", items=10),
    ]
    (spec,) = [one for one in plan.runs if one.name == "question+context / nf4 / seed 0"]
    with start() as ablation, ablation.run(spec, inputs=inputs) as run:
        for step in range(1, 4):
            run.log(step, {"train_loss": 3.0 / step})
        run.log(3, {"validation_loss": 1.25})
        run.finish(METRICS, predictions(), artifacts=tmp_path)
    stored = store.client.get_run(run.run_id)
    assert stored.info.run_name == spec.name
    assert stored.info.status == "FINISHED"
    assert stored.data.tags["mlflow.parentRunId"] == ablation.run_id
    assert stored.data.tags["mlflow.source.name"]
    assert stored.data.params["factor.precision"] == "nf4"
    assert stored.data.metrics == METRICS | {"train_loss": 1.0, "validation_loss": 1.25}
    points = store.client.get_metric_history(run.run_id, "train_loss")
    assert [(point.step, point.value) for point in points] == [(1, 3.0), (2, 1.5), (3, 1.0)]
    read = {entry.tags[0].value: entry.dataset.name for entry in stored.inputs.dataset_inputs}
    assert read == {"train": "invented train", "test": "invented test"}
    paths = [file.path for file in store.client.list_artifacts(run.run_id)]
    assert sorted(paths) == ["adapter", "predictions.parquet"]


def test_what_an_ablation_looks_like(
    start: Start, store: Store, plan: Plan, tmp_path: Path
) -> None:
    (tmp_path / "report.html").write_text("<h1>better</h1>")
    with start() as ablation:
        assert store.client.get_run(ablation.run_id).info.status == "RUNNING"
        finish_one(ablation, plan)
        ablation.finish(tmp_path, headline={"context: f1": 5.5}, description="**better**")
    stored = store.client.get_run(ablation.run_id)
    assert stored.info.status == "FINISHED"
    assert stored.info.run_name.startswith(plan.experiment.name)
    experiment = store.client.get_experiment(stored.info.experiment_id)
    assert experiment.name == plan.experiment.name
    assert stored.data.tags["mlflow.note.content"] == "**better**"
    assert stored.data.tags["harness.python"].count(".") == 2
    assert stored.data.metrics == {"context: f1": 5.5}
    folder = store.client.download_artifacts(ablation.run_id, "", str(tmp_path / "stored"))
    names = {path.name for path in Path(folder).iterdir()}
    assert names == {"environment.json", "experiment.yaml", "plan.json", "report.html"}
    packages = json.loads((Path(folder) / "environment.json").read_text())["packages"]
    assert packages["mlflow"] == "3.17.2"


def test_reused_run_is_a_light_copy(
    start: Start, store: Store, plan: Plan, fingerprints: Mapping[str, str]
) -> None:
    spec = plan.runs[0]
    with start() as first, first.run(spec) as run:
        run.log(9, {"train_loss": 0.5})
        run.finish(METRICS, predictions())
    with start() as second:
        record = second.reuse(spec, run.run_id)
    assert record.status == "reused"
    assert record.metrics == METRICS
    assert record.predictions is not None
    assert record.fingerprint == fingerprints[spec.name]
    assert record.run_id is not None
    copied, source = store.client.get_run(record.run_id), store.client.get_run(run.run_id)
    assert copied.data.tags["mlflow.parentRunId"] == second.run_id
    assert copied.data.tags["harness.reused_from"] == run.run_id
    assert "harness.fingerprint" not in copied.data.tags
    assert copied.data.params == source.data.params
    assert copied.data.metrics == source.data.metrics
    assert store.client.list_artifacts(record.run_id) == []
    assert find_finished(store, record.fingerprint) == run.run_id


class Counting:
    """A client that counts the requests that are made of it."""

    def __init__(self, client: Any) -> None:
        self.client, self.requests = client, 0

    def __getattr__(self, name: str) -> Any:
        self.requests += 1
        return getattr(self.client, name)


def test_a_run_costs_few_requests_however_long_it_trains(
    start: Start, store: Store, plan: Plan
) -> None:
    client = Counting(store.client)
    with start(store=Store(store.uri, client)) as ablation:  # type: ignore[arg-type]
        client.requests = 0
        with ablation.run(plan.runs[0], inputs=[DataInput("test", "a", "b", "c")]) as run:
            for step in range(300):
                run.log(step, {"train_loss": 1.0})
            run.finish(METRICS, predictions())
    assert client.requests <= 6 + 2  # the last two end the parent


def test_the_global_active_run_is_left_alone(start: Start, plan: Plan) -> None:
    import mlflow

    with start() as ablation, ablation.run(plan.runs[0]) as run:
        assert mlflow.active_run() is None
        run.finish(METRICS, predictions())
    assert mlflow.active_run() is None


def test_store_that_fails_does_not_hide_the_first_error(
    start: Start, plan: Plan, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.exceptions import MlflowException

    def refuse(*_: Any, **__: Any) -> None:
        raise MlflowException("gone")

    ablation = start()
    run = ablation.run(plan.runs[0])
    monkeypatch.setattr(store.client, "log_text", refuse)
    with pytest.raises(RunError) as caught, ablation, run:
        diverge(run)
    assert any("gone" in note for note in caught.value.__notes__)


def test_two_connections_write_to_one_store(opened: Any, start: Start, plan: Plan) -> None:
    other = open_store(opened.store.uri)
    with start() as one, start(store=other) as two:
        first, second = one.run(plan.runs[0]), two.run(plan.runs[0])
        second.finish(METRICS, predictions())
        first.finish(METRICS, predictions())
    found = search(other, f"tags.`mlflow.parentRunId` = '{one.run_id}'")
    assert [run.info.run_id for run in found] == [first.run_id]
