"""The metrics as ``evaluate.Metric`` objects, for code that speaks Hugging Face evaluate.

Thin: scoring is `harness.metrics`. Works offline. Importing this takes seconds (``evaluate``), so
nothing in the harness does; use `harness.metrics` there.
"""

from __future__ import annotations

from collections.abc import Sequence

import datasets
import evaluate

from harness.metrics import METRICS, Metric, References, corpus_scores, score_items

__all__ = ["load_metric"]

_INPUTS = """
Args:
    predictions: list of generated texts, one per item.
    references: list of lists of gold answers, one list per item; [] for an unanswerable item.

Returns:
    dict from the metric's name to its corpus score, 0-100 (NaN when no item can be scored).
"""


def load_metric(name: str) -> evaluate.Metric:
    """One of `harness.metrics.METRICS` as an ``evaluate`` metric.

    Parameters
    ----------
    name : str
        Name in `METRICS`.

    Returns
    -------
    evaluate.Metric
        Its ``compute(predictions=[...], references=[[...], ...])`` gives ``{name: score}`` on the
        0-100 scale; ``evaluate.combine([load_metric("em"), load_metric("f1")])`` works.

    Raises
    ------
    ValueError
        The name is unknown.
    """
    if name not in METRICS:
        raise ValueError(f"metric {name!r} is unknown; allowed: {list(METRICS)}")
    return _QuestionAnsweringMetric(METRICS[name])


class _QuestionAnsweringMetric(evaluate.Metric):  # type: ignore[misc]
    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        # In memory: evaluate's default writes each batch to a file shared by all its metrics, and
        # combined metrics wait for each other's lock on it.
        super().__init__(config_name=metric.name, keep_in_memory=True)
        # evaluate names a metric after its class, which here all share.
        self._module_info.module_name = metric.name

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=f"{self._metric.label} ({self._metric.signature})",
            citation="",
            inputs_description=_INPUTS,
            features=datasets.Features(
                {
                    "predictions": datasets.Value("string"),
                    "references": datasets.Sequence(datasets.Value("string")),
                }
            ),
        )

    def _compute(
        self, predictions: Sequence[str], references: Sequence[References]
    ) -> dict[str, float]:
        name = self._metric.name
        return corpus_scores(score_items(predictions, references, [name]), [name])
