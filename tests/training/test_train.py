"""Training: what the loss is on, what the seed decides, and what happens when it diverges."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from harness.data.encoding import Encoded
from harness.errors import TrainingDivergedError
from harness.experiment.model import LoRA, Model
from harness.experiment.recipe import Generation, Training
from harness.generation import generate
from harness.models.base import BaseModel, load_base
from harness.models.trainable import trainable
from harness.training import train
from harness.training.examples import features
from harness.training.loss import IGNORED

NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


@pytest.fixture(params=["t5", "llama"])
def base(request: pytest.FixtureRequest, model_folders: dict[str, Path]) -> BaseModel:
    return load_base(Model(name=str(model_folders[request.param])))


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


def run(base: BaseModel, model, config: Training, *, seed: int = 0, validation=(), log=None):
    return train(
        model,
        base.tokenizer,
        examples(base),
        list(validation),
        config,
        seed=seed,
        encoder_decoder=base.encoder_decoder,
        on_log=log or (lambda step, values: None),
        on_step=lambda done, total: None,
    )


def test_it_learns_ten_items_and_when_to_stop(base: BaseModel) -> None:
    config = Training(max_steps=80, learning_rate=1e-2, batch_size=10)
    with trainable(base, Model(name="any", adapter=None), seed=0) as model:
        run(base, model, config)
        predictions = generate(
            model,
            base.tokenizer,
            examples(base),
            Generation(max_new_tokens=12),
            seed=0,
            encoder_decoder=base.encoder_decoder,
            on_step=lambda done, total: None,
        )
    assert [p.text for p in predictions] == NUMBERS
    lengths = [len(example.target_ids) for example in examples(base)]
    assert [p.new_tokens for p in predictions] == lengths  # eos included: it was learned


def test_only_target_tokens_are_in_a_decoder_only_loss(base: BaseModel) -> None:
    made = features(examples(base), base.encoder_decoder)
    for example, one in zip(examples(base), made, strict=True):
        if base.encoder_decoder:
            assert one["labels"] == example.target_ids
            continue
        assert one["input_ids"] == example.prompt_ids + example.target_ids
        counted = [label for label in one["labels"] if label != IGNORED]
        assert counted == example.target_ids
        assert one["labels"][: len(example.prompt_ids)] == [IGNORED] * len(example.prompt_ids)


def test_the_loss_is_the_mean_over_target_tokens_their_eos_included(base: BaseModel) -> None:
    """Even where eos is the pad token: masked by pad id, the model would never learn to stop."""
    expected: list[float] = []
    for example in examples(base):
        prompt, target = torch.tensor([example.prompt_ids]), torch.tensor([example.target_ids])
        with torch.no_grad():
            if base.encoder_decoder:
                start = torch.tensor([[base.model.config.decoder_start_token_id]])
                shifted = torch.cat([start, target[:, :-1]], dim=1)
                logits = base.model(input_ids=prompt, decoder_input_ids=shifted).logits
            else:
                whole = torch.cat([prompt, target], dim=1)
                logits = base.model(input_ids=whole).logits[:, prompt.shape[1] - 1 : -1]
        chances = logits.log_softmax(dim=-1)[0]
        expected += [-float(chances[at, token]) for at, token in enumerate(example.target_ids)]
    logs: list[float] = []
    for config in (
        Training(max_steps=1, batch_size=10),
        Training(max_steps=1, batch_size=3, gradient_accumulation=4),
    ):
        with trainable(base, Model(name="any", adapter=LoRA()), seed=0) as model:
            run(base, model, config, log=lambda step, v: logs.append(v.get("train_loss")))
    mean = sum(expected) / len(expected)
    assert [one for one in logs if one] == pytest.approx([mean, mean], rel=1e-4)


def _order(base: BaseModel, config: Training, seed: int) -> list[list[list[int]]]:
    """Inputs in the order in which they were trained on."""
    seen: list[list[list[int]]] = []
    with trainable(base, Model(name="any", adapter=LoRA(dropout=0.1)), seed=seed) as model:
        model.register_forward_pre_hook(
            lambda module, args, kwargs: seen.append(kwargs["input_ids"].tolist()),
            with_kwargs=True,
        )
        run(base, model, config, seed=seed)
    return seen


def test_the_order_of_items_depends_on_the_seed_alone(model_folders: dict[str, Path]) -> None:
    config = Training(epochs=2, batch_size=2)
    full, nf4 = (
        load_base(Model(name=str(model_folders["llama"]), precision=p, adapter=LoRA()))
        for p in ("full", "nf4")
    )
    first = _order(full, config, seed=1)
    assert first == _order(nf4, config, seed=1)
    assert first == _order(full, config.model_copy(update={"learning_rate": 0.1}), seed=1)
    assert first != _order(full, config, seed=2)
    assert first[:5] != first[5:], "epochs are shuffled anew"


def test_the_same_seed_gives_the_same_weights(base: BaseModel) -> None:
    def weights(seed: int) -> torch.Tensor:
        with trainable(base, Model(name="any", adapter=LoRA(r=2, dropout=0.2)), seed=seed) as model:
            run(base, model, Training(epochs=1, batch_size=3), seed=seed)
            return torch.cat([p.flatten() for p in model.parameters() if p.requires_grad])

    assert torch.equal(weights(3), weights(3))
    assert not torch.equal(weights(3), weights(4))


def test_losses_are_told(base: BaseModel) -> None:
    logs: list[tuple[int, dict[str, float]]] = []
    with trainable(base, Model(name="any", adapter=LoRA()), seed=0) as model:
        summary = run(
            base,
            model,
            Training(epochs=3, batch_size=5, learning_rate=1e-2),
            validation=examples(base, 3),
            log=lambda step, values: logs.append((step, dict(values))),
        )
    losses = [values["train_loss"] for _, values in logs if "train_loss" in values]
    assert len(losses) == summary.steps == 6
    assert losses[-1] < losses[0]
    assert sum("validation_loss" in values for _, values in logs) == 3
    tokens = sum(len(e.prompt_ids) + len(e.target_ids) for e in examples(base))
    assert summary.tokens == 3 * tokens


def test_a_training_that_diverges_says_so(base: BaseModel) -> None:
    with trainable(base, Model(name="any", adapter=LoRA()), seed=0) as model:
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.data.fill_(float("nan"))
        with pytest.raises(TrainingDivergedError, match=r"nan at step \d+; lower training"):
            run(base, model, Training(epochs=1, batch_size=2))
