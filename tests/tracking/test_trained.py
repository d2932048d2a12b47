"""Runs found by what a person can type, and those that have no model to give."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.errors import TrackingError
from harness.tracking import Store, open_store, tags
from harness.tracking.trained import find_trained, model_folder


@pytest.fixture
def store(tiny_ablation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A copy, so that runs can be added and changed."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(tiny_ablation / "mlflow.db", tmp_path)
    return open_store(None)


def test_id_and_place_find_the_same_run(store: Store) -> None:
    one = find_trained(store, "tiny/llama/lora")
    assert (one.arm, one.seed, one.name) == ("llama / lora", 3, "llama / lora / seed 3")
    for name in (
        one.run_id,
        one.run_id[:10],
        "tiny/llama/lora/3",
        f"{one.ablation.run_id[:10]}/llama / lora / seed 3",
    ):
        assert find_trained(store, name).run_id == one.run_id
    first = find_trained(store, one.model_run)
    assert first.model_run == first.run_id == one.model_run != one.run_id
    assert not one.ablation.records


@pytest.mark.parametrize(
    ("name", "fix"),
    [("tiny/lama/lora/3", "did you mean 'llama/lora'?"), ("tiny/llama/lora/7", None)],
)
def test_a_near_name_is_given_as_it_is_typed(store: Store, name: str, fix: str | None) -> None:
    with pytest.raises(TrackingError, match="no such run") as caught:
        find_trained(store, name)
    assert caught.value.fix == fix


def _added(store: Store, like: str, seed: int, status: str) -> str:
    """Another run beside one, which ended as told."""
    run = store.client.get_run(find_trained(store, like).run_id)
    own = {**run.data.tags, tags.SEED: str(seed), tags.REASON: "no luck"}
    own.pop("mlflow.runName")
    added = store.client.create_run(run.info.experiment_id, tags=own, run_name="added")
    store.client.set_terminated(added.info.run_id, status)
    return str(added.info.run_id)


def test_the_lowest_seed_that_finished_is_taken(store: Store) -> None:
    _added(store, "tiny/t5/lora", 1, "FAILED")
    second = _added(store, "tiny/t5/lora", 2, "FINISHED")
    assert find_trained(store, "tiny/t5/lora").run_id == second
    assert find_trained(store, "tiny/t5/lora/3").seed == 3
    with pytest.raises(TrackingError, match=r"did not finish(.|\n)*no luck"):
        find_trained(store, "tiny/t5/lora/1")


def test_an_ambiguous_beginning_lists_the_runs(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.tracking import trained

    runs = trained.search(store, f"tags.`{tags.KIND}` = 'run'")[:2]
    for run in runs:
        run.info._run_id = "abcd" + run.info.run_id[4:]
    monkeypatch.setattr(trained, "search", lambda *_: runs)
    with pytest.raises(TrackingError, match="several runs begin") as caught:
        find_trained(store, "abcd")
    assert all(run.info.run_id[:12] in str(caught.value) for run in runs)


def test_a_model_that_is_gone_is_named(store: Store) -> None:
    run = find_trained(store, "tiny/t5/whole")
    gone = run._replace(model_run=find_trained(store, run.ablation.run_id + "/t5/lora").run_id)
    with pytest.raises(TrackingError, match="is gone"), model_folder(store, gone):
        pass
