from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest

from harness.audit.background import Background, Exposed
from harness.audit.overlap import Example, Finding, Overlap
from harness.audit.profile import profile_of
from harness.data import Dataset, Item
from harness.errors import TrackingError
from harness.experiment import Experiment, Plan
from harness.tracking import Ablation, Store, StoredAblation, load_ablation, read_run
from tests.tracking.examples import METRICS, finish_one, predictions

Start = Callable[..., Ablation]


@pytest.fixture
def mixed(start: Start, plan: Plan) -> Ablation:
    """Runs 0 and 1 finished, 2 reused, 3 failed, 4 open, the others missing."""
    with start() as earlier, earlier.run(plan.runs[2]) as source:
        source.finish(METRICS, predictions())
    with start() as ablation:
        for spec in plan.runs[:2]:
            with ablation.run(spec) as run:
                run.log(1, {"train_loss": 1.0})
                run.finish(METRICS, predictions())
        ablation.reuse(plan.runs[2], source.run_id)
        with ablation.run(plan.runs[3]) as run:
            run.fail("out of memory")
        ablation.run(plan.runs[4])
    return ablation


@pytest.fixture
def stored(mixed: Ablation, store: Store) -> StoredAblation:
    return load_ablation(store, mixed.run_id)


def test_every_run_of_the_plan_comes_back(
    stored: StoredAblation, plan: Plan, fingerprints: Mapping[str, str]
) -> None:
    assert [(r.arm, r.seed) for r in stored.records] == [(s.arm.name, s.seed) for s in plan.runs]
    assert [r.fingerprint for r in stored.records] == [fingerprints[s.name] for s in plan.runs]
    statuses = [record.status for record in stored.records]
    assert statuses == ["finished", "finished", "reused", "failed", *["missing"] * 4]
    assert stored.records[3].reason == "out of memory"


def test_experiment_comes_back_as_it_was(stored: StoredAblation, plan: Plan) -> None:
    assert Experiment.model_validate(stored.experiment) == plan.experiment
    assert stored.plan_hash == "hash"


@pytest.mark.parametrize("index", [0, 2], ids=["finished", "reused"])
def test_predictions_come_back_as_they_were(stored: StoredAblation, index: int) -> None:
    table = stored.records[index].predictions
    assert table is not None
    pd.testing.assert_frame_equal(table, predictions())
    assert table["references"].tolist() == predictions()["references"].tolist()
    assert all(type(references) is list for references in table["references"])


def test_metrics_are_scores_and_costs_without_curves(stored: StoredAblation) -> None:
    assert stored.records[0].metrics == stored.records[2].metrics == METRICS
    assert stored.records[3].metrics == {}


def test_one_run_by_its_id(store: Store, stored: StoredAblation, plan: Plan) -> None:
    run_id = stored.records[1].run_id
    assert run_id is not None
    record = read_run(store, run_id)
    assert (record.arm, record.seed, record.status) == (plan.runs[1].arm.name, 0, "finished")
    assert record.fingerprint == stored.records[1].fingerprint


def test_unanswerable_items_only(start: Start, store: Store, plan: Plan) -> None:
    table = predictions().assign(references=[[], [], []])
    with start() as ablation, ablation.run(plan.runs[0]) as run:
        run.finish(METRICS, table)
    read = read_run(store, run.run_id).predictions
    assert read is not None
    assert read["references"].tolist() == [[], [], []]


def test_names_that_lead_to_an_ablation(start: Start, store: Store, plan: Plan) -> None:
    with start() as older, start() as newer:
        pass
    run_name = store.client.get_run(older.run_id).info.run_name
    store.client.update_run(older.run_id, name="the older one")
    assert load_ablation(store, older.run_id).run_id == older.run_id
    assert load_ablation(store, older.run_id[:12]).run_id == older.run_id
    assert load_ablation(store, "the older one").run_id == older.run_id
    assert load_ablation(store, plan.experiment.name).run_id == newer.run_id
    assert run_name.startswith(plan.experiment.name)


@pytest.mark.parametrize("name", ["no such thing", "", "f" * 32])
def test_unknown_name_lists_what_there_is(name: str, start: Start, store: Store) -> None:
    with start() as ablation:
        pass
    with pytest.raises(TrackingError, match="there is no such ablation") as caught:
        load_ablation(store, name)
    assert caught.value.allowed is not None
    assert ablation.run_id[:12] in caught.value.allowed


def test_ambiguous_beginning_is_refused(start: Start, store: Store) -> None:
    beginnings: set[str] = set()
    while True:  # at most 17 ablations until two begin with the same digit
        with start() as ablation:
            pass
        if ablation.run_id[0] in beginnings:
            break
        beginnings.add(ablation.run_id[0])
    with pytest.raises(TrackingError, match="several ablations begin with this"):
        load_ablation(store, ablation.run_id[0])


def test_a_nested_run_points_to_its_parent(stored: StoredAblation, store: Store) -> None:
    assert stored.records[0].run_id is not None
    with pytest.raises(TrackingError) as caught:
        load_ablation(store, stored.records[0].run_id)
    assert caught.value.fix == f"give its parent: {stored.run_id}"


def test_reused_run_whose_predictions_are_gone(start: Start, store: Store, plan: Plan) -> None:
    with start() as first, first.run(plan.runs[0]) as run:
        run.finish(METRICS, predictions())
    with start() as second:
        second.reuse(plan.runs[0], run.run_id)
    folder = Path(store.client.get_run(run.run_id).info.artifact_uri.removeprefix("file://"))
    shutil.rmtree(folder)
    with pytest.raises(TrackingError, match="predictions of a finished run are gone") as caught:
        load_ablation(store, second.run_id)
    assert run.run_id in str(caught.value)


def test_run_that_is_not_ours(store: Store) -> None:
    foreign = store.client.create_run("0").info.run_id
    for run_id in (foreign, "0" * 32, "no/id"):
        with pytest.raises(TrackingError, match="no such run"):
            read_run(store, run_id)


def test_what_is_known_of_the_items_comes_back(start: Start, store: Store) -> None:
    example = Example("a", "who", "t1", "Who?", 0.9)
    overlap = Overlap(
        (Finding("test", "question", "near", 1, 3, (example,)),), frozenset({"a"}), frozenset()
    )
    labels = pd.DataFrame({"item": ["a", "b"], "question_word": ["who", ""]}, dtype="str")
    texts = pd.DataFrame({"item": ["a"], "question": ["who – 🙂"], "answer_start": [-1]})
    item = Item("a", {"question": "Who?", "title": "東京"}, ("one two",), (), ("東京",))
    exposed = (Exposed("tiny", float("nan"), 0, ("A note.",), "an encoder-decoder"),)
    profile = profile_of({"é": Dataset((), (), (item,), ("title",), ("test: a note",))})
    with start() as ablation:
        ablation.describe_items(Background(labels, overlap, exposed, texts, profile))
    found = load_ablation(store, ablation.run_id).background
    assert found is not None
    pd.testing.assert_frame_equal(found.labels, labels)
    assert found.overlap == overlap
    assert found.texts is not None
    assert found.texts.to_dict("list") == texts.to_dict("list")
    assert found.exposed[0].notes == exposed[0].notes
    assert found.profile == profile
    with start() as without:
        pass
    assert load_ablation(store, without.run_id).background is None


def test_what_was_declared_comes_back_with_the_first_time(
    start: Start, store: Store, plan: Plan
) -> None:
    what: dict[str, object] = {"alpha": 0.05, "hypotheses": {"a vs b (f1)": "better"}}
    with start() as first:
        (declared,) = first.declare(what, n_known=0)
        finish_one(first, plan)
    assert (declared.n_known, declared.n_runs, declared.n_earlier) == (0, len(plan.runs), 0)
    with start() as again:
        assert again.declare(what, n_known=8) == (declared,)
    with start() as changed:
        history = changed.declare(what | {"alpha": 0.1}, n_known=8)
    assert history[0] == declared
    assert [(one.n_known, one.what["alpha"]) for one in history] == [(0, 0.05), (8, 0.1)]
    assert history[1].n_earlier == 1, "results that no run of the new plan stands for"
    assert load_ablation(store, changed.run_id).history == history
    assert load_ablation(store, again.run_id).history == (declared,)
    with start():
        pass  # ended before it declared anything
    with start() as last:
        assert last.declare(what, n_known=8)[:2] == history
    folder = Path(store.client.get_run(last.run_id).info.artifact_uri.removeprefix("file://"))
    (folder / "declarations.json").unlink()
    heads = load_ablation(store, last.run_id).history
    assert [(one.hash, one.at, one.what) for one in heads][:2] == [
        (one.hash, one.at, {}) for one in history
    ]
