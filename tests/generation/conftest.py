"""Models that say something different to each prompt, and a short way to ask them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from harness.data.encoding import Encoded
from harness.experiment.model import Model
from harness.experiment.recipe import Generation
from harness.generation import Prediction, generate
from harness.models.base import BaseModel, load_base

TEXTS = ("where is Mola ?", "who founded Tarn in one two three four five ?", "a", "red " * 20)


@pytest.fixture(params=["t5", "llama"])
def base(request: pytest.FixtureRequest, model_folders: dict[str, Path]) -> BaseModel:
    return load_base(Model(name=str(model_folders[request.param])))


@pytest.fixture(params=["t5", "llama"])
def talker(request: pytest.FixtureRequest, model_folders: dict[str, Path]) -> BaseModel:
    """A T5, whose pad is not its eos, and a Llama, whose pad is; with a head of its own each.

    A random T5 repeats the token it is given, which is padding, and so says nothing at all.
    """
    return outspoken(model_folders[request.param])


def outspoken(folder: Path, *, eos: float = 0.0) -> BaseModel:
    """A random model with a random head, and its own `eos` added to the logit of eos."""
    base = load_base(Model(name=str(folder)))
    head = base.model.get_output_embeddings()
    generator = torch.Generator().manual_seed(1)
    spread = 2.0 if base.encoder_decoder else 0.25  # logits then spread by about 2
    weight = spread * torch.randn(head.weight.shape, generator=generator)
    head.weight = torch.nn.Parameter(weight)
    bias = torch.zeros(head.out_features)
    bias[base.tokenizer.eos_token_id] = eos
    head.bias = torch.nn.Parameter(bias)
    return base


def prompts(base: BaseModel, texts: tuple[str, ...] = TEXTS) -> list[Encoded]:
    return [
        Encoded(str(i), text, base.tokenizer(text)["input_ids"], [], 0, 0, 0)
        for i, text in enumerate(texts)
    ]


def ask(
    base: BaseModel,
    items: list[Encoded] | None = None,
    *,
    seed: int = 0,
    shortest_first: bool = False,
    **settings: object,
) -> list[Prediction]:
    """Predictions for the items, of at most six tokens."""
    items = prompts(base) if items is None else items
    steps: list[int] = []
    predictions = generate(
        base.model,
        base.tokenizer,
        items,
        Generation.model_validate({"max_new_tokens": 6, **settings}),
        seed=seed,
        encoder_decoder=base.encoder_decoder,
        on_step=lambda done, total: steps.append(done),
        shortest_first=shortest_first,
    )
    assert steps[-1] == len(items)
    return predictions
