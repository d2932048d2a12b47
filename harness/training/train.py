"""One fine-tuning by `transformers.Trainer`.

Knows nothing of experiments' factors or of MLflow: what happens is told to a
callback. The order of items depends on the seed alone, never on the model, so
that arms which share a seed see the same items in the same order.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.data.encoding import Encoded
from harness.errors import TrainingDivergedError
from harness.experiment.base import Training

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase, TrainingArguments

__all__ = ["TrainingSummary", "train"]

IGNORED = -100  # torch's cross-entropy leaves out labels with this value
N_LOGS = 20  # points of the loss curve

OnLog = Callable[[int, Mapping[str, float]], None]
OnStep = Callable[[int, int], None]


class TrainingSummary(NamedTuple):
    """What a training took.

    Attributes
    ----------
    steps : int
        Optimizer steps.
    seconds : float
        Wall time.
    tokens : int
        Input and target tokens trained on, without padding.
    """

    steps: int
    seconds: float
    tokens: int


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
) -> TrainingSummary:
    """Fine-tune `model` in place.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        Parameters that require gradients are trained.
    examples, validation : sequence of Encoded
        Training items, and items for the validation loss after each epoch (may be empty).
    seed : int
        Decides the order of items and dropout.
    on_log : callable
        Given the step and `train_loss`, `learning_rate`, `gradient_norm` or `validation_loss`.
    on_step : callable
        Given the number of steps done and the total.

    Raises
    ------
    TrainingDivergedError
        A loss or the norm of the gradients was NaN or infinite.
    """
    from transformers import DataCollatorForSeq2Seq, Trainer

    tokenizer.padding_side = "right"
    with tempfile.TemporaryDirectory(prefix="harness-train-") as folder:
        trainer = Trainer(
            model=model,
            args=_arguments(config, len(examples), seed, folder, evaluate=bool(validation)),
            train_dataset=_features(examples, encoder_decoder),
            eval_dataset=_features(validation, encoder_decoder) or None,
            data_collator=DataCollatorForSeq2Seq(
                tokenizer,
                model=model if encoder_decoder and config.label_smoothing else None,
                label_pad_token_id=IGNORED,
            ),
            processing_class=tokenizer,
            callbacks=[_listener(on_log, on_step)],
        )
        _drop_printing(trainer)
        started = time.perf_counter()
        outcome = trainer.train()
        seconds = time.perf_counter() - started
    _check_finite("train_loss", outcome.training_loss, outcome.global_step)
    model.eval()
    seen = (trainer.state.epoch or 0.0) * sum(
        len(one.prompt_ids) + len(one.target_ids) for one in examples
    )
    return TrainingSummary(outcome.global_step, seconds, round(seen))


def _features(examples: Sequence[Encoded], encoder_decoder: bool) -> list[dict[str, list[int]]]:
    """Model inputs; the loss is on target tokens only, the ending eos among them."""
    if encoder_decoder:
        return [
            {
                "input_ids": one.prompt_ids,
                "attention_mask": [1] * len(one.prompt_ids),
                "labels": one.target_ids,
            }
            for one in examples
        ]
    return [
        {
            "input_ids": one.prompt_ids + one.target_ids,
            "attention_mask": [1] * (len(one.prompt_ids) + len(one.target_ids)),
            "labels": [IGNORED] * len(one.prompt_ids) + one.target_ids,
        }
        for one in examples
    ]


def _arguments(
    config: Training, n_examples: int, seed: int, folder: str, *, evaluate: bool
) -> TrainingArguments:
    import torch
    from transformers import TrainingArguments

    per_epoch = math.ceil(n_examples / (config.batch_size * config.gradient_accumulation))
    total = config.max_steps or math.ceil(per_epoch * config.epochs)
    arguments = TrainingArguments(
        output_dir=folder,
        num_train_epochs=config.epochs,
        max_steps=config.max_steps or -1,
        learning_rate=config.learning_rate,
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=config.batch_size,
        gradient_accumulation_steps=config.gradient_accumulation,
        lr_scheduler_type=config.schedule,
        warmup_steps=config.warmup_steps,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        label_smoothing_factor=config.label_smoothing,
        seed=seed,
        data_seed=seed,
        eval_strategy="epoch" if evaluate else "no",
        save_strategy="no",
        logging_steps=max(1, total // N_LOGS),
        logging_nan_inf_filter=False,  # it would hide a divergence
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        label_names=["labels"],
        use_cpu=not torch.cuda.is_available(),
    )
    if arguments.n_gpu > 1:  # else the batch size would be multiplied by the number of devices
        arguments._n_gpu = 1
    return arguments


def _listener(on_log: OnLog, on_step: OnStep) -> Any:
    from transformers import TrainerCallback

    names = {
        "loss": "train_loss",
        "eval_loss": "validation_loss",
        "learning_rate": "learning_rate",
        "grad_norm": "gradient_norm",
    }

    class Listener(TrainerCallback):
        """Passes the trainer's events on, and stops a training that diverged."""

        def on_log(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            logs = {names[key]: float(v) for key, v in kwargs["logs"].items() if key in names}
            for name in ("train_loss", "validation_loss", "gradient_norm"):
                _check_finite(name, logs.get(name, 0.0), state.global_step)
            if logs:
                on_log(state.global_step, logs)

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            on_step(state.global_step, state.max_steps)

    return Listener()


def _drop_printing(trainer: Any) -> None:
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)  # it prints every log to stdout


def _check_finite(name: str, value: float, step: int) -> None:
    if not math.isfinite(value):
        raise TrainingDivergedError(
            f"training diverged: {name} was {value} at step {step}; lower training.learning_rate"
            " or training.max_grad_norm, or give it more training.warmup_steps"
        )
