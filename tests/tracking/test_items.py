"""Test items asked again from what an ablation stored."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from harness.audit.background import Background, background_of
from harness.cli import main
from harness.data import Dataset, Item, load_dataset
from harness.errors import TrackingError
from harness.experiment import Plan
from harness.tracking import Ablation, Store, load_ablation, open_store, tags
from harness.tracking.items import test_items as items_of
from harness.tracking.trained import find_trained
from harness.trained import spec_of
from tests.tracking.examples import METRICS

Start = Callable[..., Ablation]

ITEMS = (
    Item("q1", {"question": "Who?", "style": "short", "item": "odd"}, ("red", "Red"), (), ()),
    Item("q2", {"question": "What?", "context": "It is ü."}, (), (), ()),
)


def stored(ablation: Ablation, plan: Plan, background: Background | None) -> str:
    """A finished run whose predictions are in another order than the texts."""
    if background is not None:
        ablation.describe_items(background)
    table = pd.DataFrame(
        {
            "item": [item.id for item in reversed(ITEMS)],
            "references": [list(item.answers) for item in reversed(ITEMS)],
            "prediction": ["a", "b"],
        }
    )
    with ablation.run(plan.runs[0]) as run:
        run.finish(METRICS, table)
    return run.run_id


def test_items_of_a_finished_ablation_are_those_of_its_data(
    tiny_ablation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny_ablation)
    store = open_store(None, must_exist=True)
    run = find_trained(store, "tiny/t5/lora")
    assert run.model_run != run.run_id, "the newest ablation reuses the first one's runs"
    found = items_of(store, run.ablation.run_id, run.run_id)
    expected = load_dataset(spec_of(run).arm.config.data).test
    assert [(one.id, one.answers) for one in found] == [(one.id, one.answers) for one in expected]
    names = ("question", "context")
    assert [one.fields for one in found] == [
        {name: one.fields[name] for name in names} for one in expected
    ]


def test_an_ablation_stores_the_fields_of_every_arms_prompt(work: Path) -> None:
    text = (work / "small.yaml").read_text()
    (work / "small.yaml").write_text(text.replace("context: {context}", "title: {title}"))
    few = ["seeds=[0]"]
    few += [
        f"base.{x}" for x in ("training.max_steps=0", "data.train.limit=4", "data.test.limit=3")
    ]
    options = [part for one in few for part in ("--set", one)]
    assert main(["ablation", "small.yaml", *options]) == 0
    store = open_store(None, must_exist=True)
    run = find_trained(store, "small/question")
    expected = load_dataset(spec_of(run).arm.config.data).test
    for item, of_data in zip(
        items_of(store, run.ablation.run_id, run.run_id), expected, strict=True
    ):
        assert item.fields == of_data.fields
        assert len(item.fields["title"]) > 2


def test_fields_that_prompts_name_come_back(start: Start, store: Store, plan: Plan) -> None:
    data = Dataset((), (), ITEMS, (), ())
    with start() as ablation:
        run_id = stored(ablation, plan, background_of([data], [], names=["item", "style"]))
    common = {"context": "", "style": "", "item": ""}
    assert items_of(store, ablation.run_id, run_id) == tuple(
        Item(item.id, {**common, **item.fields}, item.answers, (), ()) for item in reversed(ITEMS)
    )


def test_an_old_store_has_fewer_fields_or_no_texts(start: Start, store: Store, plan: Plan) -> None:
    old = background_of([Dataset((), (), ITEMS, (), ())], [])
    with start() as ablation:
        run_id = stored(ablation, plan, old)
    found = items_of(store, ablation.run_id, run_id)
    assert [sorted(item.fields) for item in found] == [["context", "question"]] * 2
    with start() as without:
        run_id = stored(without, plan, Background(old.labels, None))
    assert items_of(store, without.run_id, run_id) == ()


def test_a_run_that_did_not_finish_has_no_items(start: Start, store: Store, plan: Plan) -> None:
    with start() as ablation:
        ablation.describe_items(background_of([Dataset((), (), ITEMS, (), ())], []))
        with ablation.run(plan.runs[0]) as run:
            run.fail("out of memory")
    assert items_of(store, ablation.run_id, run.run_id) == ()


def test_what_is_gone_is_said(start: Start, store: Store, plan: Plan) -> None:
    with start() as ablation:
        run_id = stored(ablation, plan, background_of([Dataset((), (), ITEMS, (), ())], []))
    with pytest.raises(TrackingError, match="failed to read the test items"):
        items_of(store, "f" * 32, run_id)
    with pytest.raises(TrackingError, match="there is no such run"):
        items_of(store, ablation.run_id, "f" * 32)
    with tempfile.TemporaryDirectory() as folder:
        damaged = Path(folder) / tags.TEXTS_FILE
        damaged.write_bytes(b"PAR1")
        store.client.log_artifact(ablation.run_id, str(damaged))
    with pytest.raises(TrackingError, match="is damaged"):
        items_of(store, ablation.run_id, run_id)
    with pytest.raises(TrackingError, match="is damaged"):
        load_ablation(store, ablation.run_id)
