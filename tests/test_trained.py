"""Trained arms taken back from the store, and models from folders."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from harness.data import load_dataset
from harness.errors import DataError, ModelError, TrackingError
from harness.experiment.model import Model
from harness.experiment.recipe import Generation
from harness.tracking import open_store
from harness.tracking.trained import find_trained
from harness.trained import load_arm, spec_of

FAMILIES = ("t5", "llama")
TRAINED = ("lora", "qlora", "whole")


@pytest.fixture
def work(tiny_ablation: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tiny_ablation)
    return tiny_ablation


def stored(name: str) -> tuple[object, pd.DataFrame]:
    store = open_store(None, must_exist=True)
    run = find_trained(store, name)
    path = store.client.download_artifacts(run.model_run, "predictions.parquet")
    return run, pd.read_parquet(path)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("trained", TRAINED)
def test_stored_predictions_come_out_again(work: Path, family: str, trained: str) -> None:
    run, table = stored(f"tiny/{family}/{trained}")
    spec = spec_of(run)
    arm = load_arm(f"tiny/{family}/{trained}")
    items = load_dataset(spec.arm.config.data).test
    found = arm.answers(items)
    assert [one.text for one in found] == list(table["prediction"])
    assert [one.item_id for one in found] == list(table["item"])
    assert table["prediction"].nunique() > 3, "else any model would do"
    if trained != "whole":
        with arm.model.disable_adapter():
            assert [one.text for one in arm.answers(items)] != list(table["prediction"])
