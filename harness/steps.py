"""The steps that runs and a search's trials have in common: encode, train, answer.

Only `encode_items` is ever given test items, by a run; what trains sees none of them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.data import Item, TrainingItems
from harness.data.encoding import Encoded, encode
from harness.experiment.data import Prompt
from harness.experiment.plan import RunSpec
from harness.metrics import METRICS, corpus_scores, score_items

if TYPE_CHECKING:
    from harness.generation import Prediction
    from harness.models.base import BaseModel
    from harness.training import Checkpoints, TrainingSummary

__all__ = ["Listener", "answer", "encode_items", "encode_training", "fit", "prepared_model"]


class Listener(NamedTuple):
    """Who is told how a run goes on.

    Attributes
    ----------
    stage : callable
        Given the stage's name, and how much of how much of it is done.
    log : callable
        Given an optimizer step and the values measured at it.
    """

    stage: Callable[[str, int, int], None]
    log: Callable[[int, Mapping[str, float]], None]


def encode_items(items: Sequence[Item], prompt: Prompt, base: BaseModel) -> list[Encoded]:
    """Items as a model takes them."""
    return encode(items, prompt, base.tokenizer, encoder_decoder=base.encoder_decoder)


def encode_training(
    items: TrainingItems, prompt: Prompt, base: BaseModel
) -> tuple[list[Encoded], list[Encoded]]:
    """Training and validation items as a model takes them."""
    return encode_items(items.train, prompt, base), encode_items(items.validation, prompt, base)


def prepared_model(spec: RunSpec, base: BaseModel) -> AbstractContextManager[Any]:
    """The model of a run: ready to be trained, or the base as it is where nothing is trained."""
    from harness.models.trainable import as_it_is, trainable

    config = spec.arm.config
    return as_it_is(base) if config.training.is_none else trainable(base, config.model, spec.seed)


def fit(
    model: Any,
    spec: RunSpec,
    items: TrainingItems,
    base: BaseModel,
    encoded: tuple[list[Encoded], list[Encoded]],
    listener: Listener,
    checkpoints: Checkpoints | None = None,
    *,
    scored: bool = False,
) -> TrainingSummary:
    """Train a run's model, unless `max_steps` is 0.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        From `prepared_model`; changed in place.
    spec, base, listener, checkpoints
        As for `execute`.
    items : TrainingItems
    encoded : tuple of two lists
        The same items, from `encode_training`.
    scored : bool
        Whether evaluations in between generate and score answers; they do anyway where a score
        chooses the weights that are kept.

    Raises
    ------
    TrainingDivergedError
        A loss was NaN or infinite.
    """
    from harness.training import TrainingSummary, train

    training = spec.arm.config.training
    if training.is_none:
        return TrainingSummary(steps=0, kept_step=0, seconds=0.0, tokens=0, resumed=False)
    validated = items.train if training.overfit_batches else items.validation
    references = {item.id: item.answers for item in validated}

    def score(encoded: Sequence[Encoded]) -> dict[str, float]:
        on_step = functools.partial(listener.stage, "generating validation answers")
        found = answer(model, encoded, spec, base, on_step)
        columns = score_items(
            [one.text for one in found], [list(references[one.item_id]) for one in found]
        )
        return corpus_scores(columns)

    scored = scored or (training.best is not None and training.best.metric in METRICS)
    return train(
        model,
        base.tokenizer,
        *encoded,
        training,
        seed=spec.seed,
        encoder_decoder=base.encoder_decoder,
        on_log=listener.log,
        on_step=functools.partial(listener.stage, "training"),
        score=score if scored else None,
        checkpoints=checkpoints,
    )


def answer(
    model: Any,
    items: Sequence[Encoded],
    spec: RunSpec,
    base: BaseModel,
    on_step: Callable[[int, int], None],
    *,
    again: bool = False,
    on_answers: Callable[[Sequence[Prediction]], None] = lambda answers: None,
) -> list[Prediction]:
    """Predictions of a run's model.

    With `again` they are batched and ordered differently, which should change nothing.
    `on_answers` is given those of each batch.
    """
    from harness.generation import generate

    config = spec.arm.config.generation
    if again:
        other = config.batch_size // 2 or 2
        config = config.model_copy(update={"batch_size": other})
    return generate(
        model,
        base.tokenizer,
        items,
        config,
        seed=spec.seed,
        encoder_decoder=base.encoder_decoder,
        on_step=on_step,
        on_answers=on_answers,
        shortest_first=again,
    )
