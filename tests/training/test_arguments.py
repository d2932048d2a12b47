"""The experiment's words reach the optimizer: rates, averages, decay, clipping, batches."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from harness.errors import ExperimentError
from harness.experiment.recipe import Training
from harness.models.base import BaseModel
from harness.training.arguments import training_arguments
from tests.training.conftest import logged, optimizer_steps, values

PEAK, STEPS = 0.02, 10


def _rate(schedule: str, step: int, warmup: int) -> float:
    """Learning rate of the step with this number, counted from 0."""
    if step < warmup:
        return PEAK * step / warmup
    done = (step - warmup) / (STEPS - warmup)
    shape = {
        "linear": 1 - done,
        "cosine": (1 + math.cos(math.pi * done)) / 2,
        "constant": 1.0,
        "constant_with_warmup": 1.0,
    }
    return PEAK * shape[schedule]


@pytest.mark.parametrize(
    ("schedule", "settings", "warmup"),
    [
        ("linear", {}, 0),
        ("linear", {"warmup_steps": 4}, 4),
        ("linear", {"warmup_steps": 1}, 1),
        ("linear", {"warmup_share": 0.25}, 3),
        ("cosine", {"warmup_share": 0.4}, 4),
        ("cosine", {}, 0),
        ("constant", {}, 0),
        ("constant_with_warmup", {"warmup_steps": 3}, 3),
        ("constant_with_warmup", {"warmup_share": 0.5}, 5),
    ],
    ids=str,
)
def test_learning_rates_follow_the_schedule(
    llama: BaseModel, schedule: str, settings: dict[str, float], warmup: int
) -> None:
    with optimizer_steps() as steps:
        logs = logged(
            llama, learning_rate=PEAK, schedule=schedule, max_steps=STEPS, batch_size=5, **settings
        )
    expected = [_rate(schedule, step, warmup) for step in range(STEPS)]
    assert values(logs, "learning_rate") == pytest.approx(expected, rel=1e-6, abs=1e-12)
    assert [one["lr"] for one in steps] == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_a_share_of_the_steps_is_of_all_steps(llama: BaseModel) -> None:
    """Where epochs give their number: 3 epochs of 2 steps, of which half are warm-up."""
    rates = values(
        logged(llama, learning_rate=PEAK, epochs=3, batch_size=5, warmup_share=0.5),
        "learning_rate",
    )
    ramp = [0, 1 / 3, 2 / 3, 1, 2 / 3, 1 / 3]
    assert rates == pytest.approx([PEAK * one for one in ramp], abs=1e-12)


@pytest.mark.parametrize(
    ("betas", "decay"), [((0.9, 0.999), 0.0), ((0.5, 0.7), 0.0), ((0.8, 0.95), 0.3)], ids=str
)
def test_updates_are_those_of_adamw(
    llama: BaseModel, betas: tuple[float, float], decay: float
) -> None:
    """Loshchilov & Hutter 2019, algorithm 2, from the gradients that there were."""
    rate = 0.01
    with optimizer_steps() as steps:
        logged(
            llama,
            learning_rate=rate,
            schedule="constant",
            max_steps=4,
            batch_size=5,
            betas=betas,
            weight_decay=decay,
        )
    first = second = 0.0
    weight = steps[0]["before"].double().numpy()
    for number, one in enumerate(steps, start=1):
        gradient = one["gradient"].double().numpy()
        first = betas[0] * first + (1 - betas[0]) * gradient
        second = betas[1] * second + (1 - betas[1]) * gradient**2
        ratio = (first / (1 - betas[0] ** number)) / (
            np.sqrt(second / (1 - betas[1] ** number)) + 1e-8
        )
        weight = weight - rate * decay * weight - rate * ratio
        np.testing.assert_allclose(one["after"].numpy(), weight, rtol=1e-3, atol=1e-5)
    assert len(steps) == 4


def test_gradients_are_clipped_to_their_norm(llama: BaseModel) -> None:
    norms: dict[float, list[float]] = {}
    for limit in (1e6, 0.05):
        with optimizer_steps() as steps:
            logs = logged(llama, learning_rate=1e-9, max_steps=2, max_grad_norm=limit)
        norms[limit] = [one["norm"] for one in steps]
        told = values(logs, "gradient_norm")
        assert min(told) > 0.05, "else nothing is clipped"
        assert norms[limit] == pytest.approx([min(one, limit) for one in told], rel=1e-4)


@pytest.mark.parametrize(("batch_size", "accumulated"), [(5, 2), (3, 4), (1, 10), (4, 3)])
def test_accumulating_uneven_batches_gives_the_gradients_of_the_whole(
    base: BaseModel, batch_size: int, accumulated: int
) -> None:
    """Targets have 2 to 6 tokens and the last batch fewer items: no mean of means will do."""
    found: list[torch.Tensor] = []
    told: list[float] = []
    for settings in (
        {"batch_size": 10},
        {"batch_size": batch_size, "gradient_accumulation": accumulated},
    ):
        with optimizer_steps() as steps:
            logs = logged(base, max_steps=1, max_grad_norm=1e6, **settings)
        assert len(steps) == 1
        found.append(steps[0]["gradient"])
        told += values(logs, "train_loss")
    torch.testing.assert_close(found[1], found[0], rtol=1e-3, atol=1e-6)
    assert told[1] == pytest.approx(told[0], rel=1e-5)


@pytest.mark.parametrize(
    ("config", "n", "between"),
    [
        (Training(max_steps=100), 10, 5),
        (Training(max_steps=19), 10, 1),
        (Training(epochs=10, batch_size=4), 100, 12),
        (Training(epochs=10, batch_size=4, gradient_accumulation=5), 100, 2),
        (Training(epochs=0.5, batch_size=2), 400, 5),
        (Training(max_steps=100, log_every=3), 10, 3),
    ],
    ids=str,
)
def test_about_twenty_points_of_the_loss_curve_are_logged_unless_told_otherwise(
    config: Training, n: int, between: int, tmp_path
) -> None:
    made = training_arguments(config, n, 0, str(tmp_path), evaluate=False, checkpoint_every=None)
    assert made.logging_steps == between


def test_a_batch_is_split_evenly_among_processes_or_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ExperimentError) as caught:
        training_arguments(
            Training(batch_size=5), 10, 0, str(tmp_path), evaluate=False, checkpoint_every=None
        )
    for part in ("base.training.batch_size", "5 items for 2 processes", "a multiple of 2"):
        assert part in str(caught.value)
