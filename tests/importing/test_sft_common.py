"""Knobs of both files: prompt, precision, machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ExperimentError
from tests.importing.helpers import sft


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        (r"'Question: {question}\nAnswer:'", "Question: {question}\nAnswer:"),
        (r'"Q: {}\nA:"', "Q: {question}\nA:"),
        ("'{Question} {{x}} {topic}'", "{question} {{x}} {topic}"),
    ],
)
def test_a_prompt(prompt: str, expected: str, tmp_path: Path) -> None:
    assert sft(tmp_path, f"prompt: {prompt}")["base.prompt.template"] == expected


def test_the_prompt_of_such_scripts_is_the_default(tmp_path: Path) -> None:
    found = sft(tmp_path, "lr: 0.5")
    assert found["base.prompt.template"] == "Question: {question}\nAnswer:"
    assert found["base.prompt.target"] == " {answer}"


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("precision: 32-true", "base.training.bf16", None),
        ("precision: bf16-mixed", "base.training.bf16", True),
        ("precision: 16", "base.training.bf16", True),
        ("accelerator: gpu", "resources.accelerator", "cuda"),
        ("accelerator: tpu", "resources.accelerator", "tpu"),
        ("wandb: {offline: true}", "wandb.mode", "offline"),
        ("data: {path: a.csv, train_split: train}", "base.data.train.split", None),
        ("data: {question_key: Q}", "base.data.fields.question", "Q"),
    ],
)
def test_a_setting(text: str, path: str, expected: object, tmp_path: Path) -> None:
    assert sft(tmp_path, text).get(path) == expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("precision: 64", "this precision"),
        ("accelerator: mps", "no such accelerator"),
        ("prompt: Answer me", "names no field"),
        ("prompt: '{question'", "not a template"),
        ("prompt: 3", "is text"),
        ("test_split: 0.2", "cannot be a share"),
    ],
)
def test_what_cannot_be_imported(text: str, found: str, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=found):
        sft(tmp_path, text)
