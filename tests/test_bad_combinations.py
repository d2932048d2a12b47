"""Combinations that a model cannot take: one message, exit code 2, and nothing written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli import main

QUICKSTART = str(Path(__file__).parents[1] / "experiments" / "quickstart.yaml")
NO_NF4 = "factors.precision.treatments={bf16: {model.precision: bf16}}"


def _a_text_called_gguf(folder: Path) -> list[str]:
    (folder / "model.gguf").write_text("This is no model.")
    return [f"base.model.name={folder / 'model.gguf'}"]


COMBINATIONS: dict[str, tuple[Callable[[Path], list[str]], list[str]]] = {
    "full fine-tuning of nf4": (
        lambda p: ["model.adapter=null"],
        ["held in nf4 cannot be trained themselves", "model.adapter: {kind: lora}"],
    ),
    "fp16 of a T5": (
        lambda p: ["factors.precision.treatments={fp16: {model.precision: fp16}}"],
        ["cannot be computed in fp16", "base.model.precision", "allowed: full"],
    ),
    "freeze and LoRA": (
        lambda p: ["model.freeze={groups: [embeddings]}"],
        ["`freeze` would say the same again"],
    ),
    "an unknown adapter target": (
        lambda p: ["model.adapter.targets=nowhere"],
        ["nowhere", "base.model.adapter"],
    ),
    "a pattern that matches nothing": (
        lambda p: [
            "model.adapter=null",
            "model.freeze={groups: [], names: ['nowhere.*']}",
            "factors.precision.treatments={slow: {training.learning_rate: 0.001}}",
        ],
        ["nowhere.*", "base.model.freeze"],
    ),
    "a text called model.gguf": (
        _a_text_called_gguf,
        ["not a GGUF file", "model.gguf", "does not begin with the letters GGUF"],
    ),
    "packing a T5": (
        lambda p: ["training.packing=true"],
        ["base.training.packing", "leave training.packing out"],
    ),
}


@pytest.mark.parametrize("verb", ["ablation", "plan"])
@pytest.mark.parametrize("case", COMBINATIONS)
def test_a_bad_combination_is_one_message_and_leaves_nothing(
    verb: str,
    case: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    assignments, parts = COMBINATIONS[case]
    sets = [part for one in assignments(tmp_path) for part in ("--set", one)]
    assert main([verb, QUICKSTART, *sets]) == 2
    printed = capsys.readouterr()
    assert printed.err.count("error: ") == 1
    for text in (printed.err, printed.out):
        assert "Traceback" not in text
    for part in parts:
        assert part in printed.err
    assert list(work.iterdir()) == []
