"""Ludwig's trainer: what it means here, and which validation items it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import ExperimentError
from tests.importing.helpers import ludwig

T, SHARE = "base.training", "base.data.validation.share"
S = "trainer__learning_rate_scheduler__"


@pytest.mark.parametrize(
    ("changed", "path", "expected"),
    [
        ({"trainer__batch_size": "auto"}, f"{T}.batch_size", 8),
        ({"trainer__batch_size": 3}, f"{T}.batch_size", 3),
        ({"trainer__eval_batch_size": 2}, "base.generation.batch_size", 2),
        ({"trainer__gradient_accumulation_steps": "auto"}, f"{T}.gradient_accumulation", 1),
        ({"trainer__train_steps": 20}, f"{T}.max_steps", 20),
        ({"trainer__learning_rate": "1e-4"}, f"{T}.learning_rate", 1e-4),
        ({"trainer__learning_rate": "auto"}, f"{T}.learning_rate", 1e-4),
        ({}, f"{T}.schedule", "constant"),
        ({f"{S}warmup_fraction": 0.1}, f"{T}.schedule", "constant_with_warmup"),
        ({f"{S}warmup_fraction": 0.1}, f"{T}.warmup_share", 0.1),
        ({f"{S}warmup_fraction": 0.0}, f"{T}.warmup_share", None),
        ({f"{S}decay": "linear"}, f"{T}.schedule", "linear"),
        ({f"{S}decay": "exponential"}, f"{T}.schedule", "cosine"),
        ({f"{S}decay": None}, f"{T}.schedule", "constant"),
        ({"trainer__optimizer": {"type": "adamw", "betas": [0, 0.5]}}, f"{T}.betas", [0, 0.5]),
        ({"trainer__gradient_clipping__clipglobalnorm": 0.5}, f"{T}.max_grad_norm", 0.5),
        ({"trainer__use_mixed_precision": True}, f"{T}.bf16", True),
        ({"trainer__steps_per_checkpoint": 9}, "resources.checkpoint_every", 9),
        ({"trainer__steps_per_checkpoint": 9, "trainer__early_stop": 2}, f"{T}.evaluate_every", 9),
        ({"trainer__early_stop": 2}, f"{T}.best.patience", 2),
        ({"trainer__early_stop": 2}, SHARE, 0.125),
        ({"trainer__early_stop": -1}, SHARE, None),
        ({"trainer__validation_metric": "bleu"}, f"{T}.best.metric", "bleu"),
        ({"trainer__validation_metric": "perplexity"}, f"{T}.best.metric", "validation_loss"),
        ({"trainer__validation_metric": []}, f"{T}.best.metric", "validation_loss"),
        ({"preprocessing__split__probabilities": [0.6, 0.2, 0.2]}, SHARE, 0.25),
        ({"preprocessing__split__probabilities": [0.8, 0, 0.2]}, SHARE, None),
    ],
)
def test_a_setting(changed: dict[str, Any], path: str, expected: object, tmp_path: Path) -> None:
    assert ludwig(tmp_path, **changed).get(path) == expected


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"trainer__type": "none"}, "trains nothing"),
        ({"trainer__optimizer__type": "sgd"}, "trainer.optimizer.type"),
        ({f"{S}decay": "polynomial"}, "no such decay"),
        ({"trainer": "finetune"}, "section"),
        ({"trainer__epochs": "three"}, "trainer.epochs"),
        ({"preprocessing__split__probabilities": [0.5, 0.5]}, "three shares"),
        ({"preprocessing__split__probabilities": [0, 0.5, 0.5]}, "no items are left"),
    ],
)
def test_what_cannot_be_imported(changed: dict[str, Any], found: str, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=found):
        ludwig(tmp_path, **changed)
