"""Where in MLflow an ablation goes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.errors import TrackingError
from harness.experiment import Plan
from harness.tracking import Ablation, Store
from tests.tracking.examples import finish_one

Start = Callable[..., Ablation]


def test_run_that_mlflow_run_opened_becomes_the_parent(
    start: Start, store: Store, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = store.client.create_run("0", tags={"mlflow.source.name": "the project"})
    store.client.log_param(opened.info.run_id, "experiment", "experiments/quickstart.yaml")
    monkeypatch.setenv("MLFLOW_RUN_ID", opened.info.run_id)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "0")
    with start() as ablation:
        run_id = finish_one(ablation, plan)
        assert ablation.run_id == opened.info.run_id
        with start() as while_it_is_taken:
            assert while_it_is_taken.run_id != opened.info.run_id
    nested, parent = store.client.get_run(run_id), store.client.get_run(ablation.run_id)
    assert nested.data.tags["mlflow.parentRunId"] == opened.info.run_id
    assert nested.info.experiment_id == "0"
    assert parent.info.run_name.startswith(f"{plan.experiment.name} 20")
    assert parent.data.tags["mlflow.source.name"] == "the project"
    with start() as second:
        assert second.run_id != opened.info.run_id


def test_name_that_a_person_gave_is_kept(
    start: Start, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = store.client.create_run("0", run_name="before lunch")
    monkeypatch.setenv("MLFLOW_RUN_ID", opened.info.run_id)
    with start() as ablation:
        pass
    assert store.client.get_run(ablation.run_id).info.run_name == "before lunch"


def test_run_of_another_store_is_not_looked_for_here(
    start: Start, store: Store, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_RUN_ID", "0" * 32)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "123456")
    with start() as ablation:
        pass
    stored = store.client.get_run(ablation.run_id)
    found = store.client.get_experiment_by_name(plan.experiment.name)
    assert found.tags["mlflow.experimentKind"] == "custom_model_development"
    assert found is not None
    assert stored.info.experiment_id == found.experiment_id


def test_environment_names_the_mlflow_experiment(
    start: Start, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "chosen by name")
    with start() as by_name:
        pass
    found = store.client.get_experiment_by_name("chosen by name")
    assert found is not None
    assert store.client.get_run(by_name.run_id).info.experiment_id == found.experiment_id
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", found.experiment_id)
    with start() as by_id:
        pass
    assert store.client.get_run(by_id.run_id).info.experiment_id == found.experiment_id


def test_unknown_mlflow_experiment_is_refused(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "123456")
    with pytest.raises(TrackingError, match="MLFLOW_EXPERIMENT_ID") as caught:
        start()
    assert caught.value.got == "123456"


def test_deleted_mlflow_experiment_is_refused(start: Start, store: Store, plan: Plan) -> None:
    store.client.delete_experiment(store.client.create_experiment(plan.experiment.name))
    with pytest.raises(TrackingError, match="mlflow experiments restore"):
        start()
