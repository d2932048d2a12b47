"""From the experiment's words to those of `transformers.TrainingArguments`."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

from harness.errors import ExperimentError
from harness.experiment.recipe import Training

if TYPE_CHECKING:
    from transformers import TrainingArguments

__all__ = ["processes", "share_of", "total_steps", "training_arguments"]

N_LOGS = 20  # points of the loss curve, unless `log_every` says otherwise


def training_arguments(
    config: Training,
    n_examples: int,
    seed: int,
    folder: str,
    *,
    evaluate: bool,
    checkpoint_every: int | None,
    on_cpu: bool = True,
) -> TrainingArguments:
    """The trainer's arguments for one run.

    Parameters
    ----------
    n_examples : int
        Training items.
    folder : str
        For checkpoints.
    evaluate : bool
        Whether there are validation items.
    checkpoint_every : int or None
        Optimizer steps between checkpoints to go on from; none are kept when None.
    on_cpu : bool
        Whether the model is there; else the trainer takes the device that accelerate finds.

    Raises
    ------
    ExperimentError
        The batch cannot be split evenly among the processes.
    """
    from transformers import TrainingArguments

    total = total_steps(config, n_examples)
    per_process = share_of(config.batch_size)
    arguments = TrainingArguments(
        output_dir=folder,
        num_train_epochs=config.epochs,
        max_steps=-1 if config.max_steps is None else config.max_steps,
        learning_rate=config.learning_rate,
        per_device_train_batch_size=per_process,
        per_device_eval_batch_size=per_process,
        gradient_accumulation_steps=config.gradient_accumulation,
        lr_scheduler_type=config.schedule,
        warmup_steps=config.warmup_share or config.warmup_steps,  # below 1 it is a share
        weight_decay=config.weight_decay,
        adam_beta1=config.betas[0],
        adam_beta2=config.betas[1],
        max_grad_norm=config.max_grad_norm,
        activation_checkpointing=config.gradient_checkpointing,
        activation_checkpointing_kwargs={"use_reentrant": False},
        seed=seed,
        data_seed=seed,
        **_saving(config, evaluate=evaluate, checkpoint_every=checkpoint_every),
        logging_steps=config.log_every or max(1, total // N_LOGS),
        logging_nan_inf_filter=False,  # it would hide a divergence
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        label_names=["labels"],
        use_cpu=on_cpu,
        ddp_timeout=24 * 3600,  # the others wait while the first one generates
    )
    arguments.mixed_precision = "no"  # else ACCELERATE_MIXED_PRECISION would decide, unrecorded
    if arguments.n_gpu > 1:  # else the batch size would be multiplied by the number of devices
        arguments._n_gpu = 1
    return arguments


def _saving(config: Training, *, evaluate: bool, checkpoint_every: int | None) -> dict[str, Any]:
    """When to evaluate and when to write a checkpoint."""
    how = "no" if not evaluate else "steps" if config.evaluate_every else "epoch"
    options: dict[str, Any] = {"eval_strategy": how, "eval_steps": config.evaluate_every}
    if config.best is not None:
        metric = config.best.metric.removeprefix("validation_")
        options |= {
            "save_strategy": how,  # the trainer finds the best state among those it has saved
            "save_steps": config.evaluate_every or 1,
            "load_best_model_at_end": True,
            "metric_for_best_model": f"eval_{metric}",
            "greater_is_better": config.best.greater_is_better,
        }
    elif checkpoint_every is not None:
        options |= {"save_strategy": "steps", "save_steps": checkpoint_every}
    else:
        options["save_strategy"] = "no"
    return options | {
        # two: while one is written, the one before is what an interrupted training goes on from
        "save_total_limit": 1 if checkpoint_every is None else 2,
        "save_only_model": checkpoint_every is None,
        "restore_callback_states_from_checkpoint": checkpoint_every is not None,
    }


def total_steps(config: Training, n_examples: int) -> int:
    """Optimizer steps of a training that is not stopped early; 0 where nothing is trained."""
    if config.max_steps is not None:
        return config.max_steps
    if config.overfit_batches:
        n_examples = min(n_examples, config.overfit_batches * config.batch_size)
    per_epoch = math.ceil(n_examples / (config.batch_size * config.gradient_accumulation))
    return math.ceil(per_epoch * config.epochs)


def processes() -> int:
    """How many processes train one run together; 1 unless a launcher started this one."""
    return int(os.environ.get("WORLD_SIZE", "1"))  # set by torchrun and accelerate launch


def share_of(batch_size: int) -> int:
    """Items of a batch that each process takes.

    Raises
    ------
    ExperimentError
        The batch cannot be split evenly.
    """
    if batch_size % processes():
        raise ExperimentError(
            "the batch cannot be split evenly among the processes",
            where="base.training.batch_size",
            got=f"{batch_size} items for {processes()} processes",
            allowed=f"a multiple of {processes()}",
        )
    return batch_size // processes()
