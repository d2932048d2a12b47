"""A search in MLflow: one run per study, whoever goes on with it, and one per trial in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.experiment import load_experiment, make_plan
from harness.experiment.plan import Plan
from harness.experiment.tuning import Tuning
from harness.tracking import Store, open_store, start_search, tags
from harness.tracking.artifacts import artifact_text

FILE = Path(__file__).parents[2] / "experiments" / "quickstart_search.yaml"
FOUND = Tuning(
    metric="f1",
    direction="maximize",
    sampler="tpe",
    pruner="none",
    seeds=(1,),
    storage="x",
    arms={},
)


@pytest.fixture
def searched() -> Plan:
    return make_plan(load_experiment(FILE))


def test_a_study_is_gone_on_with_in_its_own_run(store: Store, searched: Plan) -> None:
    arm = searched.arms[0]
    with start_search(store, searched) as first:
        study = first.study(arm, "name", None, [])
        with first.trial(study, arm, 0, {"a.b": 1, "c": [1, 2], "d": None}) as trial:
            trial.complete({"validation_f1": 3.0}, {tags.TRIAL_STATE: "complete"})
        first.finish(FOUND, {"best": 3.0}, "- said")
    with start_search(store, searched) as second:
        assert second.study(arm, "name", study, []) == study
        assert store.client.get_run(study).info.status == "RUNNING"
        second.end_study(study, {"trials_complete": 1.0}, "the best")
        assert second.study(arm, "name", None, []) == study, "two workers began it at once"
        assert second.study(arm, "it's another", None, []) != study
    ended = store.client.get_run(study)
    with start_search(store, searched) as third:
        store.client.delete_run(study)
        assert third.study(arm, "name", study, []) != study, "someone has tidied up: a new one"
    assert ended.info.status == "FINISHED"
    assert ended.data.tags[tags.PARENT] == first.run_id
    assert ended.data.metrics == {"trials_complete": 1.0}
    tried = store.client.get_run(trial.run_id)
    assert tried.data.tags[tags.PARENT] == study
    assert tried.data.params == {"a.b": "1", "c": "[1, 2]"}
    assert tags.FINGERPRINT not in tried.data.tags, "no ablation may take it for a run"
    root = store.client.get_run(first.run_id)
    assert (root.info.status, root.data.metrics) == ("FINISHED", {"best": 3.0})
    assert root.data.tags[tags.NOTE] == "- said"
    text = artifact_text(store, first.run_id, tags.TUNING_FILE)
    assert Tuning.model_validate(json.loads(text)) == FOUND


@pytest.mark.parametrize(
    ("error", "status"), [(ValueError("no"), "FAILED"), (KeyboardInterrupt(), "KILLED")]
)
def test_an_interrupted_search_says_so(
    store: Store, searched: Plan, error: BaseException, status: str
) -> None:
    def interrupted() -> None:
        with start_search(store, searched) as tracked:
            ids.append(tracked.run_id)
            raise error

    ids: list[str] = []
    with pytest.raises(type(error)):
        interrupted()
    run = store.client.get_run(ids[0])
    assert run.info.status == status
    assert tags.REASON in run.data.tags


def test_it_takes_the_run_that_mlflow_opened(
    store: Store, searched: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = store.client.create_experiment("opened")
    run = store.client.create_run(experiment)
    monkeypatch.setenv("MLFLOW_RUN_ID", run.info.run_id)
    with start_search(open_store(store.uri), searched) as tracked:
        assert tracked.run_id == run.info.run_id
