"""What every family is tested on: ten short items that a tiny random model can learn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.data.encoding import Encoded
from harness.experiment.model import Model
from harness.experiment.recipe import Generation, Training
from harness.generation import Prediction, generate
from harness.models.base import BaseModel, load_base
from harness.models.trainable import trainable
from harness.training import TrainingSummary, train
from tests.conftest import FAMILIES

NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
LEARNS = Training(max_steps=100, learning_rate=5e-3, batch_size=10)


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def config(family: str, model_folders: dict[str, Path]) -> Model:
    return Model(name=str(model_folders[family]))


@pytest.fixture
def base(config: Model) -> BaseModel:
    return load_base(config)


def items(base: BaseModel) -> list[Encoded]:
    """Prompts and answers of different lengths; each prompt has its own answer."""
    tokenizer, made = base.tokenizer, []
    for index, answer in enumerate(NUMBERS):
        prompt = f"question: {NUMBERS[-index]}{' red' * index}"
        target = tokenizer(answer, add_special_tokens=False)["input_ids"]
        ids = tokenizer(prompt)["input_ids"]
        made.append(Encoded(str(index), prompt, ids, [*target, tokenizer.eos_token_id], 0, 0, 0))
    return made


def trained(
    base: BaseModel,
    config: Model,
    training: Training = LEARNS,
    *,
    seed: int = 0,
    then: Callable[..., object] = lambda model: None,
    **options: object,
) -> TrainingSummary:
    """Train on the ten items, and let `then` look at the model."""
    with trainable(base, config, seed) as model:
        summary = train(
            model,
            base.tokenizer,
            items(base),
            [],
            training,
            seed=seed,
            encoder_decoder=base.encoder_decoder,
            **{"on_log": lambda s, v: None, "on_step": lambda d, t: None, **options},
        )
        then(model)
    return summary


def answers(
    base: BaseModel,
    model: object = None,
    *,
    seed: int = 0,
    shortest_first: bool = False,
    **settings: object,
) -> list[Prediction]:
    """Predictions for the ten items, by the model or by the untrained base."""
    return generate(
        model or base.model,
        base.tokenizer,
        items(base),
        Generation(**{"max_new_tokens": 12, **settings}),
        seed=seed,
        encoder_decoder=base.encoder_decoder,
        on_step=lambda done, total: None,
        shortest_first=shortest_first,
    )
