"""The one composer of a single run: encode, adapt, train, generate, score, save.

Knows no MLflow and no other run: events go to a listener, results are returned.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.data import Dataset, Item
from harness.data.encoding import Encoded
from harness.energy import EnergyMeter
from harness.experiment.plan import RunSpec
from harness.memory import peak_memory_mb, reset_peak_memory
from harness.metrics import corpus_scores, score_items
from harness.steps import (
    Listener,
    answer,
    encode_items,
    encode_training,
    fit,
    prepared_model,
)
from harness.training.arguments import processes

if TYPE_CHECKING:
    import pandas as pd

    from harness.generation import PartialAnswers, Prediction
    from harness.models.base import BaseModel
    from harness.training import Checkpoints

__all__ = ["RunOutput", "execute", "train_along"]


@dataclass(frozen=True)
class RunOutput:
    """What a finished run has to show.

    Attributes
    ----------
    metrics : mapping
        Corpus scores (0-100) and the numbers of `harness.results.COST_COLUMNS`.
    predictions : DataFrame
        As described at `harness.results.RunRecord`.
    """

    metrics: Mapping[str, float]
    predictions: pd.DataFrame


def execute(
    spec: RunSpec,
    dataset: Dataset,
    base: BaseModel,
    listener: Listener,
    model_folder: Path,
    checkpoints: Checkpoints | None = None,
    partial: PartialAnswers | None = None,
) -> RunOutput:
    """Fine-tune one arm at one seed and predict the test items.

    With `training.max_steps: 0` the base model predicts them as it is.

    Parameters
    ----------
    spec : RunSpec
        The run.
    dataset : Dataset
        Training, validation and test items of the arm.
    base : BaseModel
        The arm's base model, unchanged on return.
    listener : Listener
        Is told about stages and losses.
    model_folder : Path
        Where the adapter (or the whole model, or a note that it is the base) and the tokenizer
        are saved.
    checkpoints : Checkpoints, optional
        Where training leaves checkpoints, and goes on from those that are there.
    partial : PartialAnswers, optional
        Is given test answers as soon as there are some.

    Raises
    ------
    TrainingDivergedError
        A loss was NaN or infinite.
    ModelError
        The adapter does not fit the model.
    """
    from harness.models.saving import save_model, save_untrained
    from harness.models.trainable import count_parameters

    config = spec.arm.config
    listener.stage("preparing", 0, 1)
    seen = dataset.for_training
    train_items, validation_items = encode_training(seen, config.prompt, base)
    test_items = encode_items(dataset.test, config.prompt, base)
    device = base.model.device.type
    reset_peak_memory(device)
    meter = EnergyMeter()
    meter.start()

    def stage(name: str, done: int, total: int) -> None:
        meter.poll()
        listener.stage(name, done, total)

    with prepared_model(spec, base) as model:
        parameters = count_parameters(model)
        told = Listener(stage, listener.log)
        summary = fit(model, spec, seen, base, (train_items, validation_items), told, checkpoints)
        started = time.perf_counter()
        on_step = functools.partial(stage, "generating")
        keep = partial.add if partial is not None else lambda answers: None
        predictions = answer(model, test_items, spec, base, on_step, on_answers=keep)
        seconds = time.perf_counter() - started
        peak = peak_memory_mb(device)
        energy = math.nan if summary.resumed else meter.stop()  # the first part was not measured
        again = None
        if spec.twice:
            on_step = functools.partial(stage, "generating again")
            again = answer(model, test_items, spec, base, on_step, again=True)
        listener.stage("saving", 0, 1)
        if config.training.is_none:
            save_untrained(config.model, base.tokenizer, model_folder)
        else:
            save_model(model, base.tokenizer, model_folder)
    table = _table(dataset.test, test_items, predictions, dataset.cluster_names)
    if again is not None:
        table["again"] = [one.text for one in again]
    return RunOutput(
        metrics={
            **_scores(table),
            "parameters": parameters.total,
            "trainable_parameters": parameters.trained,
            "trainable_percent": parameters.percent,
            "kept_step": summary.kept_step,
            "footprint_mb": base.footprint_mb,
            "peak_memory_mb": peak,
            "train_seconds": summary.seconds,
            "train_tokens_per_second": summary.tokens_per_second,
            "generate_seconds": seconds,
            "generate_tokens_per_second": sum(one.new_tokens for one in predictions) / seconds,
            "energy_wh": energy,
            "processes": processes(),
            **_cuts(train_items, test_items),
        },
        predictions=table,
    )


def train_along(
    spec: RunSpec, dataset: Dataset, base: BaseModel, checkpoints: Checkpoints | None = None
) -> None:
    """Take part in the training of a run that another process executes.

    Parameters
    ----------
    spec, dataset, base, checkpoints
        As for `execute`, and the same as there.

    Raises
    ------
    TrainingDivergedError
        As in the process that executes the run.
    """
    if spec.arm.config.training.is_none:
        return
    seen = dataset.for_training
    items = encode_training(seen, spec.arm.config.prompt, base)
    quiet = Listener(stage=lambda name, done, total: None, log=lambda step, values: None)
    with prepared_model(spec, base) as model:
        fit(model, spec, seen, base, items, quiet, checkpoints)


def _table(
    items: Sequence[Item],
    encoded: Sequence[Encoded],
    predictions: Sequence[Prediction],
    cluster_names: Sequence[str],
) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "item": [item.id for item in items],
            **{
                name: [item.clusters[level] for item in items]
                for level, name in enumerate(cluster_names)
            },
            "references": [list(item.answers) for item in items],
            "prompt": [one.prompt for one in encoded],
            "prediction": [one.text for one in predictions],
            "prompt_tokens": [len(one.prompt_ids) for one in encoded],
            "new_tokens": [one.new_tokens for one in predictions],
        }
    )


def _cuts(train: Sequence[Encoded], test: Sequence[Encoded]) -> dict[str, float]:
    """How many inputs and targets were shortened."""
    return {
        "prompts_cut": sum(one.context_cut > 0 for one in test),
        "questions_cut": sum(one.prompt_cut > 0 for one in test),
        "train_prompts_cut": sum(one.context_cut > 0 for one in train),
        "train_questions_cut": sum(one.prompt_cut > 0 for one in train),
        "targets_cut": sum(one.target_cut > 0 for one in train),
    }


def _scores(table: pd.DataFrame) -> dict[str, float]:
    columns = score_items(list(table["prediction"]), list(table["references"]))
    return corpus_scores(columns)
