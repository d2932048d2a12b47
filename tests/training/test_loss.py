"""The loss by its definition, in numpy, from the model's own logits."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from harness.data.encoding import Encoded
from harness.models.base import BaseModel
from harness.training.loss import IGNORED, TargetLoss
from tests.training.conftest import examples, logged, values


def _log_chances(base: BaseModel, example: Encoded) -> np.ndarray:
    """Log-probabilities at each target token, shape (tokens, vocabulary); one item alone."""
    prompt, target = torch.tensor([example.prompt_ids]), torch.tensor([example.target_ids])
    with torch.no_grad():
        if base.encoder_decoder:
            start = torch.tensor([[base.model.config.decoder_start_token_id]])
            shifted = torch.cat([start, target[:, :-1]], dim=1)
            logits = base.model(input_ids=prompt, decoder_input_ids=shifted).logits
        else:
            whole = torch.cat([prompt, target], dim=1)
            logits = base.model(input_ids=whole).logits[:, prompt.shape[1] - 1 : -1]
    scores = logits[0].double().numpy()
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.6])
def test_smoothing_spreads_a_share_of_the_target_over_the_vocabulary(
    base: BaseModel, smoothing: float
) -> None:
    """Szegedy et al. 2016, section 7; the mean over all target tokens, in batches of three.

    The ending eos is one of them, even where it is the pad token: masked by pad id, a model would
    never learn to stop.
    """
    losses: list[float] = []
    for example in examples(base):
        for chances, token in zip(_log_chances(base, example), example.target_ids, strict=True):
            wanted = np.full(len(chances), smoothing / len(chances))
            wanted[token] += 1 - smoothing
            losses.append(-float(wanted @ chances))
    told = logged(
        base, max_steps=1, batch_size=3, gradient_accumulation=4, label_smoothing=smoothing
    )
    assert values(told, "train_loss") == pytest.approx([np.mean(losses)], rel=1e-5)


def test_a_causal_loss_is_one_position_late_and_leaves_out_what_is_ignored() -> None:
    logits = torch.randn(2, 4, 5, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([[IGNORED, IGNORED, 3, 1], [IGNORED, 2, IGNORED, IGNORED]])
    chances = logits.log_softmax(dim=-1)
    counted = [chances[0, 1, 3], chances[0, 2, 1], chances[1, 0, 2]]
    loss = TargetLoss(encoder_decoder=False, label_smoothing=0.0)
    assert float(loss({"logits": logits}, labels)) == pytest.approx(-float(sum(counted)) / 3)
    assert float(loss({"logits": logits}, labels, 12)) == pytest.approx(-float(sum(counted)) / 12)
    straight = TargetLoss(encoder_decoder=True, label_smoothing=0.0)
    counted = [chances[0, 2, 3], chances[0, 3, 1], chances[1, 1, 2]]
    assert float(straight({"logits": logits}, labels)) == pytest.approx(-float(sum(counted)) / 3)


@pytest.mark.parametrize("encoder_decoder", [True, False])
def test_learned_prompts_in_the_logits_are_left_out(encoder_decoder: bool) -> None:
    logits = torch.randn(1, 7, 5, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([[IGNORED, 2, 3, 1]])
    loss = TargetLoss(encoder_decoder, 0.0)
    assert loss({"logits": logits}, labels) == loss({"logits": logits[:, 3:]}, labels)


@pytest.mark.parametrize("batch_size", [1, 3, 10])
def test_the_validation_loss_is_the_mean_over_all_target_tokens_without_smoothing(
    base: BaseModel, batch_size: int
) -> None:
    """However the items are batched: before and after a step that is too small to matter."""
    expected = [
        -float(chances[token])
        for example in examples(base)
        for chances, token in zip(_log_chances(base, example), example.target_ids, strict=True)
    ]
    told = logged(
        base,
        max_steps=1,
        learning_rate=1e-12,
        batch_size=batch_size,
        overfit_batches=-(-10 // batch_size),
        evaluate_every=1,
        label_smoothing=0.5,
    )
    assert values(told, "validation_loss") == pytest.approx([np.mean(expected)], rel=1e-4)
