"""One fine-tuning by `transformers.Trainer`.

Knows nothing of experiments' factors or of MLflow: what happens is told to a
callback. The order of items depends on the seed alone, never on the model, so
that arms which share a seed see the same items in the same order.
"""

from __future__ import annotations

import contextlib
import functools
import math
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.data.encoding import Encoded
from harness.errors import TrainingDivergedError
from harness.experiment.recipe import Training
from harness.training.arguments import training_arguments
from harness.training.checkpoints import newest
from harness.training.examples import collator, features
from harness.training.listener import OnLog, OnStep, check_finite, listener
from harness.training.loss import TargetLoss
from harness.training.trainer import make_trainer, no_traces

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["Checkpoints", "TrainingSummary", "train"]


class Checkpoints(NamedTuple):
    """Where a training leaves what it needs to go on after an interruption.

    Attributes
    ----------
    folder : Path
        Of this run alone; checkpoints found there are gone on from.
    every : int
        Optimizer steps between two of them. With `Training.best`, one is written at
        each evaluation instead.
    """

    folder: Path
    every: int


class TrainingSummary(NamedTuple):
    """What a training took.

    Attributes
    ----------
    steps : int
        Optimizer steps.
    kept_step : int
        The step whose weights the model has now: the best one, or the last.
    seconds : float
        Wall time, parts before an interruption included.
    tokens : int
        Input and target tokens trained on, without padding.
    resumed : bool
        Whether it went on from a checkpoint.
    """

    steps: int
    kept_step: int
    seconds: float
    tokens: int
    resumed: bool

    @property
    def tokens_per_second(self) -> float:
        """NaN where nothing was trained."""
        return self.tokens / self.seconds if self.seconds else math.nan


def train(
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[Encoded],
    validation: Sequence[Encoded],
    config: Training,
    *,
    seed: int,
    encoder_decoder: bool,
    on_log: OnLog,
    on_step: OnStep,
    score: Callable[[Sequence[Encoded]], Mapping[str, float]] | None = None,
    checkpoints: Checkpoints | None = None,
) -> TrainingSummary:
    """Fine-tune `model` in place.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        Parameters that require gradients are trained.
    examples, validation : sequence of Encoded
        Training items, and items for evaluations in between (may be empty).
    seed : int
        Decides the order of items and dropout.
    on_log : callable
        Given the step and `train_loss`, `learning_rate`, `gradient_norm`, `validation_loss`
        or another `validation_` score.
    on_step : callable
        Given the number of steps done and the total.
    score : callable, optional
        Scores of the model, as it is then, on the validation items; asked for when
        `config.best` needs more than the validation loss.
    checkpoints : Checkpoints, optional
        Where to leave checkpoints, and go on from those that are there.

    Raises
    ------
    TrainingDivergedError
        A loss or the norm of the gradients was NaN or infinite.
    """
    from transformers import EarlyStoppingCallback

    if config.overfit_batches:
        examples = examples[: config.overfit_batches * config.batch_size]
        validation = examples

    def scores(items: Sequence[Encoded]) -> Mapping[str, float]:
        found = score(items) if score is not None else {}
        tokenizer.padding_side = "right"  # generation may have turned it
        return found

    callbacks = [listener(on_log, on_step)]
    if config.best is not None and config.best.patience:
        callbacks.append(EarlyStoppingCallback(config.best.patience))
    with _folder(checkpoints) as folder, no_traces(model):
        arguments = training_arguments(
            config,
            len(examples),
            seed,
            folder,
            evaluate=bool(validation),
            checkpoint_every=checkpoints.every if checkpoints else None,
            on_cpu=model.device.type == "cpu",
        )

        def trainer_with(held_out: Sequence[Encoded], callbacks: Sequence[Any]) -> Any:
            return make_trainer(
                TargetLoss(encoder_decoder, config.label_smoothing),
                bf16=config.bf16,
                score=functools.partial(scores, held_out) if score is not None else None,
                model=model,
                args=arguments,
                train_dataset=features(examples, encoder_decoder),
                eval_dataset=features(held_out, encoder_decoder) or None,
                data_collator=collator(
                    model, tokenizer, encoder_decoder=encoder_decoder, packing=config.packing
                ),
                processing_class=tokenizer,
                callbacks=list(callbacks),
            )

        begun = newest(folder)
        if begun is None and config.sanity_validation:
            # with a trainer of its own: making the next one seeds all random numbers anew
            _try_evaluation(trainer_with(validation[: config.sanity_validation], []))
        trainer = trainer_with(validation, callbacks)
        outcome = trainer.train(resume_from_checkpoint=begun)
    check_finite("train_loss", outcome.training_loss, outcome.global_step)
    return _summary(trainer, config, examples, resumed=begun is not None)


def _try_evaluation(trainer: Any) -> None:
    """Evaluate once before the first step; what it finds is told to nobody."""
    loss = trainer.evaluate()["eval_loss"]
    if not math.isfinite(loss):
        raise TrainingDivergedError(
            f"the validation loss is {loss} before the first step: the base model, its precision or"
            " the validation items are at fault, not the training"
        )


def _summary(
    trainer: Any, config: Training, examples: Sequence[Encoded], *, resumed: bool
) -> TrainingSummary:
    state = trainer.state
    heard = next(one for one in trainer.callback_handler.callbacks if hasattr(one, "seconds"))
    per_epoch = sum(len(one.prompt_ids) + len(one.target_ids) for one in examples)
    kept = state.best_global_step if config.best else None
    return TrainingSummary(
        steps=state.global_step,
        kept_step=kept or state.global_step,
        seconds=heard.seconds,
        tokens=round((state.epoch or 0.0) * per_epoch),
        resumed=resumed,
    )


@contextlib.contextmanager
def _folder(checkpoints: Checkpoints | None) -> Iterator[str]:
    if checkpoints is not None:
        checkpoints.folder.mkdir(parents=True, exist_ok=True)
        yield str(checkpoints.folder)
        return
    with tempfile.TemporaryDirectory(prefix="harness-train-") as folder:
        yield folder
