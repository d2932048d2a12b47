"""One trial: an arm with other settings, trained and scored on validation items.

It is given `TrainingItems`, which have no test items, and so it cannot look at them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from harness.data import TrainingItems
from harness.experiment import RunSpec
from harness.metrics import METRICS, corpus_scores, score_items
from harness.steps import Listener, answer, encode_training, fit, prepared_model

if TYPE_CHECKING:
    from harness.models.base import BaseModel

__all__ = ["score_trial"]


def score_trial(
    spec: RunSpec,
    items: TrainingItems,
    base: BaseModel,
    metric: str,
    listener: Listener,
    report: Callable[[int, float], None] | None = None,
) -> float:
    """Train an arm's settings at one seed, and score them on the validation items.

    Parameters
    ----------
    spec : RunSpec
        The arm with the trial's settings, and the seed.
    items : TrainingItems
    base : BaseModel
        The arm's base model, unchanged on return.
    metric : str
        A metric, or `validation_loss`.
    listener : Listener
        Is told about stages and losses.
    report : callable, optional
        Given the step and the metric's value at each evaluation in between, which then generate
        answers; what it raises ends the training.

    Returns
    -------
    float
        The metric of the weights that a run with these settings would keep, 0-100, or the
        validation loss at the last evaluation of them; NaN if there was none.

    Raises
    ------
    TrainingDivergedError, ModelError
        As for `harness.run.execute`.
    """
    listener.stage("preparing", 0, 1)
    encoded = encode_training(items, spec.arm.config.prompt, base)
    name = metric if metric == "validation_loss" else f"validation_{metric}"
    measured: dict[int, float] = {}

    def log(step: int, values: Mapping[str, float]) -> None:
        listener.log(step, values)
        if name in values:
            measured[step] = values[name]
            if report is not None:
                report(step, values[name])

    scored = report is not None and metric in METRICS
    told = Listener(listener.stage, log)
    with prepared_model(spec, base) as model:
        summary = fit(model, spec, items, base, encoded, told, scored=scored)
        if summary.kept_step in measured:
            return measured[summary.kept_step]
        if metric == "validation_loss":
            return measured[max(measured)] if measured else math.nan
        on_step = functools.partial(listener.stage, "generating validation answers")
        found = answer(model, encoded[1], spec, base, on_step)
    references = {item.id: list(item.answers) for item in items.validation}
    columns = score_items([one.text for one in found], [references[one.item_id] for one in found])
    return corpus_scores(columns)[metric]
