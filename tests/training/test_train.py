"""Training: what the loss is on, what the seed decides, and what happens when it diverges."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch

from harness.data.encoding import Encoded
from harness.errors import TrainingDivergedError
from harness.experiment.model import LoRA, Model
from harness.experiment.recipe import Best, Generation, Training
from harness.generation import generate
from harness.models.base import BaseModel, load_base
from harness.models.trainable import trainable
from harness.training import TrainingSummary
from harness.training.examples import features
from harness.training.loss import IGNORED
from tests.training.conftest import NUMBERS, examples, run, trained_weights


def test_it_learns_ten_items_and_when_to_stop(base: BaseModel) -> None:
    config = Training(max_steps=100, learning_rate=5e-3, batch_size=10)
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
    values: dict[str, float] = {}

    def logged(step: int, found: dict[str, float]) -> None:
        values.update(found)

    with trainable(base, Model(name="any", adapter=LoRA()), seed=0) as model:
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.data.fill_(float("nan"))
        with pytest.raises(TrainingDivergedError, match=r"nan at step \d+; lower training"):
            run(base, model, Training(epochs=1, batch_size=2), log=logged)
    assert math.isnan(values["train_loss"]), "the curve has to show where it broke"


@pytest.mark.parametrize(
    ("settings", "at"),
    [
        ({"max_steps": 5, "evaluate_every": 2}, [2, 4, 5]),
        ({"max_steps": 4, "evaluate_every": 2}, [2, 4]),
        ({"epochs": 2}, [2, 4]),
        ({"epochs": 1.5}, [2, 3]),
    ],
    ids=str,
)
def test_validation_items_are_looked_at_when_asked_for(
    base: BaseModel, settings: dict[str, float], at: list[int]
) -> None:
    heard: list[int] = []
    with trainable(base, Model(name="any", adapter=LoRA()), seed=0) as model:
        run(
            base,
            model,
            Training.model_validate({"batch_size": 5, **settings}),
            validation=examples(base, 3),
            log=lambda step, v: heard.extend([step] if "validation_loss" in v else []),
        )
    assert heard == at


def _scored(
    base: BaseModel, scores: Sequence[float], best: Best, **settings: object
) -> tuple[TrainingSummary, int, torch.Tensor, list[torch.Tensor], list[float]]:
    """A training whose n-th evaluation has the n-th score, and the weights at each of them."""
    states: list[torch.Tensor] = []
    heard: list[float] = []
    given: Iterator[float] = iter(scores)
    steps: list[int] = []

    with trainable(base, Model(name="any", adapter=LoRA()), seed=0) as model:

        def score(items: Sequence[Encoded]) -> dict[str, float]:
            assert [one.item_id for one in items] == ["0", "1", "2"]
            states.append(trained_weights(model).clone())
            return {"f1": next(given), "em": 0.0}

        summary = run(
            base,
            model,
            Training(
                max_steps=2 * len(scores),
                learning_rate=1e-2,
                batch_size=5,
                evaluate_every=2,
                best=best,
            ),
            validation=examples(base, 3),
            log=lambda step, v: heard.extend([v["validation_f1"]] if "validation_f1" in v else []),
            on_step=lambda done, total: steps.append(done),
            score=score,
        )
        return summary, steps[-1], trained_weights(model).clone(), states, heard


SCORES = (3.0, 1.0, 5.0, 2.0, 5.0, 4.0)


@pytest.mark.parametrize(
    ("best", "kept", "last"),
    [
        (Best(metric="f1"), 2, 5),
        (Best(metric="f1", mode="min"), 1, 5),
        (Best(metric="f1", patience=1), 0, 1),
        (Best(metric="f1", patience=2), 2, 4),  # as good as before is not better
        (Best(metric="f1", patience=4), 2, 5),
        (Best(metric="f1", mode="min", patience=2), 1, 3),
    ],
    ids=str,
)
def test_the_state_with_the_best_score_is_kept(
    base: BaseModel, best: Best, kept: int, last: int
) -> None:
    summary, stopped_at, weights, states, heard = _scored(base, SCORES, best)
    assert heard == list(SCORES[: last + 1])
    assert summary.steps == stopped_at == 2 * (last + 1)
    assert summary.kept_step == 2 * (kept + 1)
    assert torch.equal(weights, states[kept])
    assert sum(torch.equal(one, states[kept]) for one in states) == 1, "states must differ"
    tokens = sum(len(one.prompt_ids) + len(one.target_ids) for one in examples(base))
    assert summary.tokens == (last + 1) * tokens


def test_looking_at_validation_items_changes_nothing(base: BaseModel) -> None:
    finals: list[torch.Tensor] = []
    for validation in ([], examples(base, 3)):
        with trainable(base, Model(name="any", adapter=LoRA(dropout=0.2)), seed=0) as model:
            config = Training(max_steps=4, batch_size=5, learning_rate=1e-2)
            run(base, model, config, validation=validation)
            finals.append(trained_weights(model).clone())
    assert torch.equal(*finals)


def test_a_sanity_check_comes_before_the_first_step_and_changes_nothing(base: BaseModel) -> None:
    finals: list[torch.Tensor] = []
    heard: dict[int | None, list[object]] = {None: [], 2: []}
    for sanity, told in heard.items():
        with trainable(base, Model(name="any", adapter=LoRA(dropout=0.2)), seed=0) as model:

            def score(items: Sequence[Encoded], told: list[object] = told) -> dict[str, float]:
                told.append([one.item_id for one in items])
                torch.rand(7)  # answers that are sampled must not move the dropout that follows
                return {"f1": 1.0}

            run(
                base,
                model,
                Training(max_steps=4, batch_size=5, evaluate_every=4, sanity_validation=sanity),
                validation=examples(base, 3),
                log=lambda step, values, told=told: told.append((step, sorted(values))),
                score=score,
            )
            finals.append(trained_weights(model).clone())
    assert heard[2] == [["0", "1"], *heard[None]]
    assert torch.equal(*finals)


def test_an_evaluation_that_cannot_work_is_found_before_the_first_step(base: BaseModel) -> None:
    with trainable(base, Model(name="any", adapter=None), seed=0) as model:
        with torch.no_grad():
            model.get_output_embeddings().weight.fill_(math.nan)
        steps: list[int] = []
        with pytest.raises(TrainingDivergedError, match="nan before the first step"):
            run(
                base,
                model,
                Training(sanity_validation=1),
                validation=examples(base, 3),
                on_step=lambda done, total: steps.append(done),
            )
    assert not steps


def test_overfitting_is_on_the_first_batches_alone(base: BaseModel) -> None:
    trained: set[int] = set()
    scored: list[str] = []

    def look(module, args, given) -> None:
        if module.training:  # numbers of words tell the items apart
            trained.update(given["attention_mask"].sum(dim=1).tolist())

    def score(items: Sequence[Encoded]) -> dict[str, float]:
        scored.extend(one.item_id for one in items)
        return {"f1": 1.0}

    config = Training(epochs=2, batch_size=3, overfit_batches=2, best=Best(metric="f1"))
    with trainable(base, Model(name="any", adapter=LoRA()), seed=0) as model:
        model.register_forward_pre_hook(look, with_kwargs=True)
        summary = run(base, model, config, validation=examples(base)[8:], score=score)
    assert summary.steps == 4
    own = features(examples(base), base.encoder_decoder)
    lengths = [len(one["input_ids"]) for one in own]
    assert len(set(lengths)) == 10
    assert trained == set(lengths[:6])
    assert scored == [str(i) for i in range(6)] * 2
