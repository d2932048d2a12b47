"""Knobs of a test's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ExperimentError
from tests.importing.helpers import sft

G = "base.generation"


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("{do_sample: true, top_k: 5}", f"{G}.top_k", 5),
        ("{do_sample: false, top_k: 5}", f"{G}.top_k", None),
        ("{top_p: 0.5}", f"{G}.top_p", None),
        ("{no_repeat_ngram_size: 0}", f"{G}.no_repeat_ngram_size", None),
        ("{max_prompt_length: 9}", "base.prompt.max_tokens", 9),
        ("{split: held_out}", "base.data.test.split", "held_out"),
        ("{save_every_n_steps: 3}", "resources.save_predictions_every", 3),
        ("{model_path: best.ckpt}", "base.model.name", "a/b"),
    ],
)
def test_a_setting(text: str, path: str, expected: object, tmp_path: Path) -> None:
    assert sft(tmp_path, "model: a/b", text).get(path) == expected


def test_the_trainer_s_length_holds_for_both(tmp_path: Path) -> None:
    found = sft(tmp_path, "max_length: 100", "max_prompt_length: 50")
    assert found["base.prompt.max_tokens"] == 100


@pytest.mark.parametrize(
    ("text", "primary"),
    [
        ("metrics: [rouge, bleu]", "rougeL"),
        ("metrics: bleu", "bleu"),
        ("metrics: {bleu: false, rouge: true}", "rougeL"),
        ("{rouge: true, bleu: true}", "bleu"),
        ("top_k: 1", "f1"),
    ],
)
def test_the_hypothesis_is_about_the_first_metric(text: str, primary: str, tmp_path: Path) -> None:
    assert sft(tmp_path, "lr: 0.5", text)["analysis"]["primary"] == primary


def test_unknown_metrics_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="no such metric"):
        sft(tmp_path, "lr: 0.5", "metrics: [meteor]")
