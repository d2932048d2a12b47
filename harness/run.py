"""The one composer of a single run: encode, adapt, train, generate, score, save.

Knows no MLflow and no other run: events go to a listener, results are returned.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.data import Dataset, Item
from harness.data.encoding import Encoded, encode
from harness.energy import EnergyMeter
from harness.experiment.plan import RunSpec
from harness.memory import peak_memory_mb, reset_peak_memory
from harness.metrics import METRICS, corpus_scores, score_items

if TYPE_CHECKING:
    import pandas as pd

    from harness.generation import Prediction
    from harness.models.base import BaseModel
    from harness.training import Checkpoints

__all__ = ["Listener", "RunOutput", "execute"]


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
) -> RunOutput:
    """Fine-tune one arm at one seed and predict the test items.

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
        Where the adapter (or the whole model) and the tokenizer are saved.
    checkpoints : Checkpoints, optional
        Where training leaves checkpoints, and goes on from those that are there.

    Raises
    ------
    TrainingDivergedError
        A loss was NaN or infinite.
    ModelError
        The adapter does not fit the model.
    """
    from harness.models.saving import save_model
    from harness.models.trainable import count_parameters, trainable
    from harness.training import train

    config = spec.arm.config
    listener.stage("preparing", 0, 1)
    train_items, validation_items, test_items = (
        encode(items, config.prompt, base.tokenizer, encoder_decoder=base.encoder_decoder)
        for items in (dataset.train, dataset.validation, dataset.test)
    )
    answer = functools.partial(_answer, spec=spec, base=base)
    scored = config.training.best is not None and config.training.best.metric in METRICS
    reset_peak_memory()
    meter = EnergyMeter()
    meter.start()

    def stage(name: str, done: int, total: int) -> None:
        meter.poll()
        listener.stage(name, done, total)

    with trainable(base, config.model, spec.seed) as model:
        parameters = count_parameters(model)
        summary = train(
            model,
            base.tokenizer,
            train_items,
            validation_items,
            config.training,
            seed=spec.seed,
            encoder_decoder=base.encoder_decoder,
            on_log=listener.log,
            on_step=lambda done, total: stage("training", done, total),
            score=(lambda items: _validated(model, items, dataset, answer)) if scored else None,
            checkpoints=checkpoints,
        )
        started = time.perf_counter()
        predictions = answer(model, test_items, on_step=functools.partial(stage, "generating"))
        seconds = time.perf_counter() - started
        energy = meter.stop()
        again = None
        if spec.twice:
            again = answer(
                model, test_items, on_step=functools.partial(stage, "generating again"), again=True
            )
        listener.stage("saving", 0, 1)
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
            "peak_memory_mb": peak_memory_mb(),
            "train_seconds": summary.seconds,
            "train_tokens_per_second": summary.tokens / summary.seconds,
            "generate_seconds": seconds,
            "generate_tokens_per_second": sum(one.new_tokens for one in predictions) / seconds,
            "energy_wh": energy,
            "prompts_cut": sum(one.context_cut > 0 for one in test_items),
            "questions_cut": sum(one.prompt_cut > 0 for one in test_items),
            "train_prompts_cut": sum(one.context_cut > 0 for one in train_items),
            "train_questions_cut": sum(one.prompt_cut > 0 for one in train_items),
            "targets_cut": sum(one.target_cut > 0 for one in train_items),
        },
        predictions=table,
    )


def _answer(
    model: Any,
    items: Sequence[Encoded],
    *,
    spec: RunSpec,
    base: BaseModel,
    on_step: Callable[[int, int], None],
    again: bool = False,
) -> list[Prediction]:
    """Predictions; `again` from smaller batches in another order, which should change nothing."""
    from harness.generation import generate

    config = spec.arm.config.generation
    if again:
        smaller = max(1, config.batch_size // 2)
        config = config.model_copy(update={"batch_size": smaller})
    return generate(
        model,
        base.tokenizer,
        items,
        config,
        seed=spec.seed,
        encoder_decoder=base.encoder_decoder,
        on_step=on_step,
        shortest_first=again,
    )


def _validated(
    model: Any, encoded: Sequence[Encoded], dataset: Dataset, answer: Callable[..., Any]
) -> dict[str, float]:
    """Scores of a model on validation items."""
    known = {item.id: item.answers for item in (*dataset.validation, *dataset.train)}
    predictions = answer(model, encoded, on_step=lambda done, total: None)
    columns = score_items(
        [one.text for one in predictions], [list(known[one.item_id]) for one in predictions]
    )
    return corpus_scores(columns)


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


def _scores(table: pd.DataFrame) -> dict[str, float]:
    columns = score_items(list(table["prediction"]), list(table["references"]))
    return corpus_scores(columns)
