"""Whether an arm's settings fit its model: found out before any weights are loaded.

What a single section of the experiment file can break is the schema's business; here are
the rules that need the model's architecture and tokenizer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from harness.data import Dataset, TrainingItems
from harness.data.encoding import encode
from harness.errors import ExperimentError
from harness.executors.bases import Bases
from harness.executors.ranks import join
from harness.experiment import RunSpec
from harness.experiment.base import Base
from harness.models.sources import ModelSource
from harness.preparation import Prepared
from harness.training.arguments import share_of, total_steps

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from harness.models.trainable import ParameterCount

__all__ = ["check_fit", "checked_bases", "notes"]

_SAMPLE = 8  # items of each split


def check_fit(
    config: Base, source: ModelSource, dataset: Dataset | TrainingItems
) -> ParameterCount:
    """See that adapter, frozen weights, precision, prompts and lengths fit the model.

    Parameters
    ----------
    config : Base
        An arm's configuration.
    source : ModelSource
        Where its base model was found.
    dataset : Dataset or TrainingItems
        Its items, a few of which are encoded.

    Returns
    -------
    ParameterCount
        What would be trained.

    Raises
    ------
    ModelError, ExperimentError
        They do not; the message says what would.
    """
    from harness.models.base import load_shape, load_tokenizer
    from harness.models.inspection import inspect
    from harness.training.examples import check_packing

    share_of(config.training.batch_size)
    shape = load_shape(config.model, source)
    counted = inspect(config.model, source, shape, trains=not config.training.is_none)
    tokenizer = load_tokenizer(config.model, source)
    others = dataset.test if isinstance(dataset, Dataset) else dataset.validation
    items = [*dataset.train[:_SAMPLE], *others[:_SAMPLE]]
    encode(items, config.prompt, tokenizer, encoder_decoder=bool(shape.is_encoder_decoder))
    _check_stops(config.generation.stop_strings, tokenizer)
    positions = getattr(shape, "max_position_embeddings", None)
    adapter = None if config.training.is_none else config.model.adapter
    virtual = getattr(adapter, "virtual_tokens", 0)
    if config.training.packing and not config.training.is_none:
        check_packing(shape.model_type, learns_prompts=bool(virtual))
    after = max(config.prompt.max_target_tokens, config.generation.max_new_tokens)
    before = virtual + config.prompt.max_tokens
    needed = max(before, after) if shape.is_encoder_decoder else before + after
    if positions and needed > positions:
        raise ExperimentError(
            "the longest allowed input does not fit into the model",
            where="base.prompt.max_tokens",
            got=f"{needed} tokens, the answer included",
            allowed=f"at most {positions} with {config.model.name}",
            fix="lower prompt.max_tokens, prompt.max_target_tokens or generation.max_new_tokens",
        )
    return counted


def notes(config: Base, n_train: int) -> list[str]:
    """What is allowed, but hardly meant, about an arm with so many training items."""
    training = config.training
    total = total_steps(training, n_train)
    if training.is_none or training.warmup_steps < total:
        return []
    return [
        f"the warm-up of {training.warmup_steps:,} steps is not shorter than the training"
        f" ({total:,} steps): the learning rate never gets past it"
    ]


def checked_bases(
    runs: Sequence[RunSpec],
    prepared: Prepared,
    console: Console,
    items: Mapping[str, Dataset | TrainingItems] | None = None,
) -> Bases:
    """Try out each arm's settings and load the first base model, before anything is written.

    Parameters
    ----------
    runs : sequence of RunSpec
        Those that will be executed.
    prepared : Prepared
    console : Console
        Is told what is trained.
    items : mapping, optional
        By arm, in place of the prepared ones.

    Raises
    ------
    ModelError, ExperimentError
        As `check_fit`, the accelerator is not there, or the base model cannot be loaded.
    """
    if not runs:
        return Bases(prepared.models)
    console.print("loading torch and the base model")
    import torch

    from harness.logs import quieten_progress_bars
    from harness.models.devices import device_for

    quieten_progress_bars()
    resources = prepared.plan.experiment.resources
    device = device_for(resources.accelerator)
    join(device)
    bases = Bases(prepared.models, device)
    if resources.threads:
        torch.set_num_threads(resources.threads)
    for arm in {run.arm.name: run.arm for run in runs}.values():
        dataset = (items or prepared.datasets)[arm.name]
        trained = check_fit(arm.config, prepared.models[arm.name], dataset)
        console.print(f"{arm.name}: trains {trained}", markup=False, soft_wrap=True)
        for note in notes(arm.config, len(dataset.train)):
            text = f"{arm.name}: {note}"
            console.print(text, style="yellow", markup=False, soft_wrap=True)
    bases.get(runs[0])
    return bases


def _check_stops(stops: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> None:
    for stop in stops:
        special = next((one for one in tokenizer.all_special_tokens if one in stop), None)
        if special is not None:
            raise ExperimentError(
                "a stop string has a special token in it, which is never part of an answer's text",
                where="base.generation.stop_strings",
                got=f"{stop!r}, with {special!r}",
                fix=f"leave it out: {tokenizer.eos_token!r} ends an answer anyway",
            )
