"""The sections `training` and `generation`: what cannot have an effect is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from harness.experiment.base import Base
from harness.experiment.recipe import Best, Generation, Training


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"warmup_steps": 3, "warmup_share": 0.1}, "either `warmup_steps` or `warmup_share`"),
        ({"schedule": "constant", "warmup_steps": 1}, "constant_with_warmup"),
        ({"schedule": "constant", "warmup_share": 0.5}, "constant_with_warmup"),
        ({"learning_rate": 0}, "greater than 0"),
        ({"epochs": 0}, "greater than 0"),
        ({"warmup_share": 1.0}, "less than 1"),
        ({"betas": (0.9, 1.0)}, "less than 1"),
        ({"label_smoothing": 1.0}, "less than 1"),
        ({"max_grad_norm": 0}, "greater than 0"),
        ({"learning_rate": float("inf")}, "finite"),
        ({"best": {"metric": "loss"}}, "validation_loss"),
        ({"best": {"patience": 0}}, "greater than 0"),
    ],
    ids=str,
)
def test_a_training_that_makes_no_sense_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Training.model_validate(settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"do_sample": True, "num_beams": 2}, "either `do_sample` or a beam search"),
        ({"temperature": 0.7}, "`temperature` has an effect with do_sample: true only"),
        ({"top_k": 5}, "`top_k` has an effect"),
        ({"top_p": 0.9}, "`top_p` has an effect"),
        ({"do_sample": True, "temperature": 0}, "greater than 0"),
        ({"do_sample": True, "top_p": 1.1}, "less than or equal to 1"),
        ({"stop_strings": [""]}, "at least 1 character"),
        ({"no_repeat_ngram_size": 0}, "greater than 0"),
    ],
    ids=str,
)
def test_a_decoding_that_makes_no_sense_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Generation.model_validate(settings)


def test_what_goes_together_is_taken() -> None:
    Training(schedule="constant", warmup_steps=0)
    Training(schedule="constant_with_warmup", warmup_share=0.1)
    Generation(num_beams=3, no_repeat_ngram_size=2, stop_strings=("\n",))
    Generation(do_sample=True, temperature=1.5, top_k=5, top_p=1.0)


def test_lower_losses_and_higher_scores_are_better_unless_said_otherwise() -> None:
    assert not Best().greater_is_better
    assert Best(metric="f1").greater_is_better
    assert Best(metric="rougeL").greater_is_better
    assert Best(mode="max").greater_is_better
    assert not Best(metric="f1", mode="min").greater_is_better


def _base(training: dict[str, Any], **data: Any) -> Base:
    files = {"train": {"file": "a.json"}, "test": {"file": "b.json"}}
    return Base.model_validate(
        {
            "data": files | data,
            "prompt": {"template": "{question}"},
            "model": {"name": "embedded:tiny_t5"},
            "training": training,
        }
    )


@pytest.mark.parametrize(
    "training", [{"best": {}}, {"evaluate_every": 5}, {"sanity_validation": 2}], ids=str
)
def test_evaluations_need_validation_items(training: dict[str, Any]) -> None:
    name = next(iter(training))
    with pytest.raises(ValidationError, match=rf"training\.{name} needs validation items"):
        _base(training)
    _base(training, validation={"share": 0.1})
    _base(training | {"overfit_batches": 2})


def test_no_steps_conflict_with_nothing() -> None:
    tree: dict[str, Any] = {
        "data": {"train": {"file": "a"}, "test": {"file": "b"}},
        "prompt": {"template": "{question}"},
        "model": {"name": "any"},
        "training": {"warmup_steps": 9, "evaluate_every": 3, "best": {"metric": "ser"}},
    }
    with pytest.raises(ValidationError, match="needs validation items"):
        Base.model_validate(tree)
    tree["training"]["max_steps"] = 0
    assert Base.model_validate(tree).training.is_none
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        Training.model_validate({"max_steps": -1})
