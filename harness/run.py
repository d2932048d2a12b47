"""The one composer of a single run: encode, adapt, train, generate, score, save.

Knows no MLflow and no other run: events go to a listener, results are returned.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.data import Dataset, Item
from harness.data.encoding import Encoded, encode
from harness.errors import ExperimentError
from harness.experiment.base import Base
from harness.experiment.plan import RunSpec
from harness.memory import peak_memory_mb, reset_peak_memory
from harness.metrics import corpus_scores, score_items
from harness.models.sources import ModelSource

if TYPE_CHECKING:
    import pandas as pd

    from harness.generation import Prediction
    from harness.models.base import BaseModel

__all__ = ["Listener", "RunOutput", "check_prompts", "execute"]


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
    spec: RunSpec, dataset: Dataset, base: BaseModel, listener: Listener, model_folder: Path
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

    Raises
    ------
    TrainingDivergedError
        A loss was NaN or infinite.
    ModelError
        The adapter does not fit the model.
    """
    from harness.generation import generate
    from harness.models.adapters import count_parameters, trainable
    from harness.training import train

    config = spec.arm.config
    listener.stage("preparing", 0, 1)
    train_items, validation_items, test_items = (
        encode(items, config.prompt, base.tokenizer, encoder_decoder=base.encoder_decoder)
        for items in (dataset.train, dataset.validation, dataset.test)
    )
    reset_peak_memory()
    with trainable(base, config.model.adapter, spec.seed) as model:
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
            on_step=lambda done, total: listener.stage("training", done, total),
        )
        started = time.perf_counter()
        predictions = generate(
            model,
            base.tokenizer,
            test_items,
            config.generation,
            encoder_decoder=base.encoder_decoder,
            on_step=lambda done, total: listener.stage("generating", done, total),
        )
        seconds = time.perf_counter() - started
        listener.stage("saving", 0, 1)
        _save(model, base, model_folder)
    table = _table(dataset.test, test_items, predictions, dataset.cluster_names)
    return RunOutput(
        metrics={
            **_scores(table),
            "parameters": parameters.total,
            "trainable_parameters": parameters.trained,
            "footprint_mb": base.footprint_mb,
            "peak_memory_mb": peak_memory_mb(),
            "train_seconds": summary.seconds,
            "train_tokens_per_second": summary.tokens / summary.seconds,
            "generate_seconds": seconds,
            "generate_tokens_per_second": sum(one.new_tokens for one in predictions) / seconds,
            "prompts_cut": sum(one.context_cut > 0 for one in test_items),
            "questions_cut": sum(one.prompt_cut > 0 for one in test_items),
            "train_prompts_cut": sum(one.context_cut > 0 for one in train_items),
            "train_questions_cut": sum(one.prompt_cut > 0 for one in train_items),
            "targets_cut": sum(one.target_cut > 0 for one in train_items),
        },
        predictions=table,
    )


def check_prompts(config: Base, source: ModelSource, items: Sequence[Item]) -> None:
    """Encode some items, and see that the longest allowed input fits the model's positions.

    Raises
    ------
    ModelError, ExperimentError
        The tokenizer, the template or the lengths cannot be used.
    """
    from harness.models.base import load_shape, load_tokenizer

    tokenizer = load_tokenizer(config.model, source)
    shape = load_shape(config.model, source)
    encode(items, config.prompt, tokenizer, encoder_decoder=bool(shape.is_encoder_decoder))
    positions = getattr(shape, "max_position_embeddings", None)
    after = max(config.prompt.max_target_tokens, config.generation.max_new_tokens)
    needed = config.prompt.max_tokens + (0 if shape.is_encoder_decoder else after)
    if positions and needed > positions:
        raise ExperimentError(
            "the longest allowed input does not fit into the model",
            where="base.prompt.max_tokens",
            got=f"{needed} tokens, the answer included",
            allowed=f"at most {positions} with {config.model.name}",
            fix="lower prompt.max_tokens",
        )


def _save(model: Any, base: BaseModel, folder: Path) -> None:
    """A folder that `from_pretrained` loads again; an adapter's one is small."""
    from peft import PeftModel

    if isinstance(model, PeftModel):
        # "auto" would ask the hub whether the vocabulary was changed; it never is here
        model.save_pretrained(str(folder), save_embedding_layers=False)
    else:
        model.save_pretrained(str(folder))
    base.tokenizer.save_pretrained(str(folder))


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
