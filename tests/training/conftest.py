"""Ten short items, two small models, and a short way to train them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from harness.data.encoding import Encoded
from harness.experiment.model import LoRA, Model
from harness.experiment.recipe import Training
from harness.models.base import BaseModel, load_base
from harness.models.trainable import trainable
from harness.training import TrainingSummary, train

NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
Logs = list[tuple[int, Mapping[str, float]]]


@pytest.fixture(params=["t5", "llama"])
def base(request: pytest.FixtureRequest, model_folders: dict[str, Path]) -> BaseModel:
    return load_base(Model(name=str(model_folders[request.param])))


@pytest.fixture
def llama(model_folders: dict[str, Path]) -> BaseModel:
    return load_base(Model(name=str(model_folders["llama"])))


def examples(base: BaseModel, n: int = 10) -> list[Encoded]:
    """Prompts and answers of different lengths; each prompt has its own answer."""
    tokenizer, made = base.tokenizer, []
    for index in range(n):
        prompt = f"question: {NUMBERS[-index]}{' red' * index}"
        target = tokenizer(NUMBERS[index], add_special_tokens=False)["input_ids"]
        made.append(
            Encoded(
                item_id=str(index),
                prompt=prompt,
                prompt_ids=tokenizer(prompt)["input_ids"],
                target_ids=[*target, tokenizer.eos_token_id],
                context_cut=0,
                prompt_cut=0,
                target_cut=0,
            )
        )
    return made


def run(
    base: BaseModel,
    model: object,
    config: Training,
    *,
    seed: int = 0,
    validation: Sequence[Encoded] = (),
    log=None,
    **options: object,
) -> TrainingSummary:
    return train(
        model,
        base.tokenizer,
        examples(base),
        list(validation),
        config,
        seed=seed,
        encoder_decoder=base.encoder_decoder,
        on_log=log or (lambda step, values: None),
        **{"on_step": lambda done, total: None, **options},
    )


def logged(base: BaseModel, adapter: object = LoRA(), **settings: object) -> Logs:
    """What is told during a training with these settings."""
    logs: Logs = []
    with trainable(base, Model(name="any", adapter=adapter), seed=0) as model:
        run(
            base,
            model,
            Training.model_validate({"batch_size": 10, **settings}),
            log=lambda step, values: logs.append((step, dict(values))),
        )
    return logs


def values(logs: Logs, name: str) -> list[float]:
    return [one[name] for _, one in logs if name in one]


def trained_weights(model: torch.nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters() if p.requires_grad])


@contextmanager
def optimizer_steps() -> Iterator[list[dict[str, object]]]:
    """The first trained weight before and after each step, its gradient and its settings."""
    from torch.optim.optimizer import (
        register_optimizer_step_post_hook,
        register_optimizer_step_pre_hook,
    )

    steps: list[dict[str, object]] = []

    def before(optimizer, args, kwargs) -> None:
        group = optimizer.param_groups[0]
        known = [step["weight"] for step in steps[:1]]
        one = next(p for p in known or group["params"] if p.grad.abs().max() > 0)
        every = [p.grad.flatten() for g in optimizer.param_groups for p in g["params"]]
        steps.append(
            {
                "weight": one,
                "before": one.detach().clone(),
                "gradient": one.grad.clone(),
                "norm": float(torch.cat(every).norm()),
                "lr": group["lr"],
            }
        )

    def after(optimizer, args, kwargs) -> None:
        steps[-1]["after"] = steps[-1]["weight"].detach().clone()

    hooks = [register_optimizer_step_pre_hook(before), register_optimizer_step_post_hook(after)]
    try:
        yield steps
    finally:
        for hook in hooks:
            hook.remove()
