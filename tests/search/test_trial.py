"""One trial: the value that a run with these settings would have, from validation items alone."""

from __future__ import annotations

import dataclasses
import typing
from pathlib import Path

import pytest

from harness.data import Dataset, Item, TrainingItems, load_dataset
from harness.experiment import Arm, RunSpec, load_experiment, make_plan
from harness.models.base import BaseModel, load_base
from harness.run import execute
from harness.search import Attempts
from harness.search.trial import score_trial
from harness.steps import Listener

FILE = Path(__file__).parents[2] / "experiments" / "quickstart_search.yaml"
QUIET = Listener(stage=lambda name, done, total: None, log=lambda step, values: None)


@pytest.fixture(scope="module")
def spec() -> RunSpec:
    changes = ["data.train.limit=60", "training.epochs=1", "model.adapter.r=4"]
    return RunSpec(make_plan(load_experiment(FILE, changes)).arms[1], 7)


@pytest.fixture(scope="module")
def dataset(spec: RunSpec) -> Dataset:
    return load_dataset(spec.arm.config.data)


@pytest.fixture(scope="module")
def base(spec: RunSpec) -> BaseModel:
    import torch

    torch.set_num_threads(1)
    return load_base(spec.arm.config.model)


def test_its_value_is_a_runs_score_on_the_same_items(
    spec: RunSpec, dataset: Dataset, base: BaseModel, tmp_path: Path
) -> None:
    alike = dataclasses.replace(dataset, test=dataset.validation)
    run = execute(spec, alike, base, QUIET, tmp_path / "model")
    for metric in ("f1", "bleu"):
        assert score_trial(spec, dataset.for_training, base, metric, QUIET) == run.metrics[metric]


def test_looking_in_between_changes_nothing(
    spec: RunSpec, dataset: Dataset, base: BaseModel
) -> None:
    often = _with(spec, evaluate_every=1)
    seen: list[tuple[int, float]] = []
    items = dataset.for_training
    looked = score_trial(often, items, base, "f1", QUIET, lambda s, v: seen.append((s, v)))
    assert [step for step, _ in seen] == [1, 2, 3]
    assert looked == seen[-1][1]
    assert looked == score_trial(spec, items, base, "f1", QUIET)


def test_the_validation_loss_needs_no_answers(
    spec: RunSpec, dataset: Dataset, base: BaseModel
) -> None:
    stages: set[str] = set()
    heard = Listener(lambda name, done, total: stages.add(name), QUIET.log)
    value = score_trial(_with(spec), dataset.for_training, base, "validation_loss", heard)
    assert 0 < value < 10
    assert "generating validation answers" not in stages


def test_what_a_trial_gets_has_no_test_items(dataset: Dataset) -> None:
    assert [field.name for field in dataclasses.fields(TrainingItems)] == ["train", "validation"]
    given = {id(item) for part in dataclasses.astuple(dataset.for_training) for item in part}
    assert not given & {id(item) for item in dataset.test}
    assert typing.get_type_hints(Attempts)["items"] is TrainingItems
    holders = {Dataset, Item}
    for kind in typing.get_type_hints(Attempts).values():
        if dataclasses.is_dataclass(kind) and kind is not TrainingItems:
            assert not holders & {*typing.get_type_hints(kind).values()}, kind


def _with(spec: RunSpec, **training: object) -> RunSpec:
    config = spec.arm.config
    changed = config.training.model_copy(update=training)
    arm: Arm = dataclasses.replace(spec.arm, config=config.model_copy(update={"training": changed}))
    return dataclasses.replace(spec, arm=arm)
