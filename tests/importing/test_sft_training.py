"""Knobs of a trainer's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ExperimentError
from tests.importing.helpers import sft

T, FREEZE = "base.training", "base.model.freeze"


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("freeze: {embeddings: true, layer_norm: true}", ".groups", ["embeddings", "layer_norms"]),
        ("freeze_mlp: true\nfreeze_other: false", ".groups", ["feed_forward"]),
        ("freeze: [attention, MLP]", ".groups", ["attention", "feed_forward"]),
        ("freeze: [other]\nlayers_not_to_freeze: [0, -1]", ".except_layers", [0, -1]),
        ("freeze: [other]\nlayers_not_to_freeze: [lm_head]", ".except_names", ["*lm_head*"]),
        ("layers_not_to_freeze: [1]", ".except_layers", None),
        ("freeze_attention: false", ".groups", None),
    ],
)
def test_freezing(text: str, path: str, expected: object, tmp_path: Path) -> None:
    assert sft(tmp_path, text).get(f"{FREEZE}{path}") == expected


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("warmup: 0.1", "warmup_share", 0.1),
        ("warmup: 20", "warmup_steps", 20),
        ("warmup: 20", "warmup_share", None),
        ("lr_scheduler: constant\nwarmup: 20", "schedule", "constant_with_warmup"),
        ("adam_beta2: 0.95", "betas", [0.9, 0.95]),
        ("adam_beta1: 0.8\nadam_beta2: 0.95", "betas", [0.8, 0.95]),
        ("monitor: val_rouge", "best.metric", "rougeL"),
        ("monitor: val_rougeL", "best.metric", "rougeL"),
        ("monitor: train_loss\nmode: max", "best.metric", "validation_loss"),
        ("monitor: train_loss\nmode: max", "best.mode", None),
        ("mode: max", "best.mode", None),
        ("monitor: val_bleu\nmode: max", "best.mode", "max"),
        ("gradient_clip_val: 0", "max_grad_norm", None),
        ("max_steps: -1", "max_steps", None),
        ("num_sanity_val_steps: 2", "sanity_validation", 2),
        ("num_sanity_val_steps: -1", "sanity_validation", None),
        ("overfit_batches: 0.0", "overfit_batches", None),
        ("overfit_batches: 0.1", "overfit_batches", None),
        ("overfit_batches: 3", "overfit_batches", 3),
        ("val_check_interval: 1.0", "evaluate_every", None),
        ("val_check_interval: 0.25", "evaluate_every", None),
        ("val_check_interval: 100", "evaluate_every", 100),
        ("val_check_interval: 100\naccumulate_grad_batches: 8", "evaluate_every", 12),
    ],
)
def test_a_setting(text: str, path: str, expected: object, tmp_path: Path) -> None:
    assert sft(tmp_path, text).get(f"{T}.{path}") == expected


def test_a_seed_becomes_three(tmp_path: Path) -> None:
    assert sft(tmp_path, "seed: 7")["seeds"] == [7, 8, 9]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("freeze: [heads]", "no such group"),
        ("freeze_attention: maybe", "frozen or not"),
        ("freeze: [other]\nlayers_not_to_freeze: [1, lm_head]", "not both"),
        ("optimizer: sgd", "this optimizer"),
        ("scheduler: polynomial", "no such schedule"),
        ("lr: fast", "line 1: lr"),
    ],
)
def test_what_cannot_be_imported(text: str, found: str, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=found):
        sft(tmp_path, text)
