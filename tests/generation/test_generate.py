"""Generation: batching and padding must not change what is predicted."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.data.encoding import Encoded
from harness.experiment.model import Model
from harness.experiment.recipe import Generation
from harness.generation import generate
from harness.models.base import BaseModel, load_base


@pytest.fixture(params=["t5", "llama"])
def base(request: pytest.FixtureRequest, model_folders: dict[str, Path]) -> BaseModel:
    return load_base(Model(name=str(model_folders[request.param])))


def prompts(base: BaseModel) -> list[Encoded]:
    texts = ["where is Mola ?", "who founded Tarn in one two three four five ?", "a", "red " * 20]
    return [
        Encoded(str(i), text, base.tokenizer(text)["input_ids"], [], 0, 0, 0)
        for i, text in enumerate(texts)
    ]


def texts(base: BaseModel, items: list[Encoded], **settings: int) -> list[tuple[str, str, int]]:
    config = Generation(**{"max_new_tokens": 6, **settings})
    steps: list[int] = []
    predictions = generate(
        base.model,
        base.tokenizer,
        items,
        config,
        seed=0,
        encoder_decoder=base.encoder_decoder,
        on_step=lambda done, total: steps.append(done),
    )
    assert steps[-1] == len(items)
    return [tuple(p) for p in predictions]


def test_one_by_one_and_together_are_the_same(base: BaseModel) -> None:
    alone = texts(base, prompts(base), batch_size=1)
    assert len({text for _, text, _ in alone}) > 1, "random models must differ by prompt here"
    assert texts(base, prompts(base), batch_size=4) == alone
    assert texts(base, prompts(base), batch_size=3) == alone


def test_predictions_come_in_the_order_of_the_prompts(base: BaseModel) -> None:
    forward = texts(base, prompts(base))
    assert [item for item, _, _ in forward] == ["0", "1", "2", "3"]
    assert texts(base, prompts(base)[::-1]) == forward[::-1]


def test_no_more_tokens_than_asked_for(base: BaseModel) -> None:
    assert all(n <= 2 for _, _, n in texts(base, prompts(base), max_new_tokens=2))


def test_sampling_defaults_of_a_checkpoint_do_not_count(base: BaseModel) -> None:
    greedy = texts(base, prompts(base))
    base.model.generation_config.update(
        do_sample=True,
        temperature=5.0,
        repetition_penalty=9.0,
        no_repeat_ngram_size=1,
        suppress_tokens=list(range(3, 200)),
        min_new_tokens=6,
        max_length=2,
    )
    assert texts(base, prompts(base)) == greedy


def test_decoding_ends_at_eos(base: BaseModel) -> None:
    """With eos as the only possible token, one token is generated and no text is left."""
    import torch

    head = base.model.get_output_embeddings()
    bias = torch.full((head.out_features,), -1e4)
    bias[base.tokenizer.eos_token_id] = 1e4
    head.bias = torch.nn.Parameter(bias)
    assert [(text, n) for _, text, n in texts(base, prompts(base))] == [("", 1)] * 4
