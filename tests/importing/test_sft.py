"""A script's files: flat or in sections, under one name or another, one file or two."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ExperimentError
from harness.importing import Places, account_of
from tests.importing.helpers import settings, sft, written

T = "base.training"


@pytest.mark.parametrize(
    "text",
    [
        "{learning_rate: 0.5, model_name: a/b, wandb_name: w, checkpoint_every_n_steps: 4}",
        "{lr: 0.5, model: a/b, wandb: {name: w}, checkpoint: {every_n_steps: 4}}",
        "{trainer: {optimizer: {lr: 0.5}, wandb: {name: w}, checkpoint: {every: 4}},"
        " model: {name: a/b}}",
        "{training: {Learning-Rate: 0.5, save_steps: 4, wandb_name: w}, model: {path: a/b}}",
    ],
)
def test_forms_and_names_mean_the_same(text: str, tmp_path: Path) -> None:
    found = sft(tmp_path, text)
    assert found[f"{T}.learning_rate"] == 0.5
    assert found["base.model.name"] == "a/b"
    assert found["wandb.name"] == "w"
    assert found["resources.checkpoint_every"] == 4


def test_a_section_test_is_as_good_as_a_second_file(tmp_path: Path) -> None:
    one = sft(tmp_path, "{batch_size: 2, test: {batch_size: 3, max_new_tokens: 5}}")
    two = sft(tmp_path, "batch_size: 2", "{batch_size: 3, max_new_tokens: 5}")
    assert one == two
    assert (one[f"{T}.batch_size"], one["base.generation.batch_size"]) == (2, 3)


def test_one_json_file_has_both_parts(tmp_path: Path) -> None:
    found = sft(tmp_path, "lr: 0.5\ndata: {path: my.json}")
    assert found["base.data.train.file"] == found["base.data.test.file"] == "my.json"
    assert (found["base.data.train.split"], found["base.data.test.split"]) == ("train", "test")
    assert found["base.data.fields.question"] == "Question"
    apart = sft(tmp_path, "data: {path: my.json, test_file: other.json}")
    assert not [path for path in apart if path.endswith(".split")]


def test_files_of_the_command_line_come_first(tmp_path: Path) -> None:
    file = written(tmp_path, "lr: 0.5\ndata: {path: my.json, val_split: dev}")
    found = settings(account_of("sft", [file], "x", Places("a.csv", "b.csv")))
    assert found["base.data.train.file"] == "a.csv"
    assert found["base.data.test.file"] == "b.csv"
    assert not [path for path in found if path.endswith(".split")]


def test_validation_items_are_held_out_where_something_looks_at_them(tmp_path: Path) -> None:
    share = "base.data.validation.share"
    assert share not in sft(tmp_path, "lr: 0.5")
    for knob in ("monitor: val_loss", "val_check_interval: 5", "num_sanity_val_steps: 1"):
        assert sft(tmp_path, knob)[share] == 0.1
    assert sft(tmp_path, "monitor: val_loss\nval_split: 0.3")[share] == 0.3
    assert share not in sft(tmp_path, "monitor: val_loss\noverfit_batches: 2")


def test_a_third_file_is_refused(tmp_path: Path) -> None:
    files = [written(tmp_path, "lr: 0.5", f"{n}.yaml") for n in range(3)]
    with pytest.raises(ExperimentError, match=r"2\.yaml, line 1"):
        account_of("sft", files, "x", Places())


def test_runs_in_weights_and_biases_have_a_project(tmp_path: Path) -> None:
    assert sft(tmp_path, "wandb: {group: g}")["wandb.project"] == "x"
    assert sft(tmp_path, "wandb: {group: g, project: p}")["wandb.project"] == "p"
    assert "wandb.project" not in sft(tmp_path, "wandb: {group: null}")
