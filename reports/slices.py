"""The declared contrasts on parts of the test items: where does it help? Exploratory, always."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harness.audit.background import Background
from harness.audit.slices import LABEL_ORDER
from harness.experiment import Contrast
from reports.caveats import FEW_CLUSTERS
from reports.measurement import measure
from reports.scores import ScoreTable
from reports.statistics import benjamini_hochberg
from reports.study import Study

__all__ = ["FEWEST_CLUSTERS", "FEWEST_ITEMS", "SliceResult", "slice_results"]

FEWEST_ITEMS = 30
FEWEST_CLUSTERS = FEW_CLUSTERS
"""With fewer items or outermost clusters a slice gets no interval."""


@dataclass(frozen=True)
class SliceResult:
    """One contrast on the items of one slice.

    Attributes
    ----------
    contrast, metric, slice, label : str
    n_items, n_clusters : int
    estimate, ci_low, ci_high : float
        Points; the interval is NaN where there is a `reason`.
    p_adjusted : float
        Against zero, by Benjamini-Hochberg over all slices of all contrasts that have a p-value.
    reason : str or None
        Why there is no interval.
    """

    contrast: str
    metric: str
    slice: str
    label: str
    n_items: int
    n_clusters: int
    estimate: float
    ci_low: float
    ci_high: float
    p_adjusted: float
    reason: str | None


def slice_results(
    study: Study, table: ScoreTable, background: Background, weight: float = 1.0
) -> tuple[SliceResult, ...]:
    """Every declared contrast on its metric, on each slice.

    Parameters
    ----------
    study : Study
    table : ScoreTable
    background : Background
        Labels of the items; an item without one is in no slice.
    weight : float
        Share of alpha that is spent at this look.
    """
    rows = []
    p_values = []
    for name, label, mask in _masks(table, background):
        part = table.subset(items=mask)
        for (_, metric), contrast in study.contrasts.items():
            row, p_value = _measured(contrast, metric, part, 1 - study.alpha * weight)
            rows.append((name, label, contrast.name, metric, *row))
            p_values.append(p_value)
    adjusted = np.array(p_values, dtype=float)
    tested = ~np.isnan(adjusted)  # a slice without a test is no part of the family
    adjusted[tested] = np.minimum(benjamini_hochberg(adjusted[tested]) / weight, 1.0)
    return tuple(
        SliceResult(contrast, metric, name, label, *sizes, *numbers, p_adjusted, reason)
        for (name, label, contrast, metric, sizes, numbers, reason), p_adjusted in zip(
            rows, adjusted.tolist(), strict=True
        )
    )


def _masks(
    table: ScoreTable, background: Background
) -> Iterator[tuple[str, str, np.ndarray[tuple[int], np.dtype[np.bool_]]]]:
    labels = background.labels.set_index("item").reindex(list(table.items)).fillna("")
    for name in labels.columns:
        values = labels[name].to_numpy(dtype=str)
        for label in _ordered(str(name), Counter(values.tolist())):
            yield str(name), label, values == label


def _ordered(name: str, counts: Counter[str]) -> list[str]:
    """In the slice's own order if it has one, else the most frequent first."""
    order = LABEL_ORDER.get(name, ())
    place = {label: n for n, label in enumerate(order)}
    labels = sorted(counts.keys() - {""})
    return sorted(labels, key=lambda label: (place.get(label, len(order)), -counts[label]))


def _measured(
    contrast: Contrast, metric: str, part: ScoreTable, level: float
) -> tuple[tuple[tuple[int, int], tuple[float, float, float], str | None], float]:
    result = measure(contrast, metric, part, level).result
    sizes = result.n_items, result.n_clusters
    if result.n_items and (result.n_items < FEWEST_ITEMS or result.n_clusters < FEWEST_CLUSTERS):
        return (sizes, (result.estimate, math.nan, math.nan), "too few"), math.nan
    numbers = result.estimate, result.ci_low, result.ci_high
    return (sizes, numbers, result.reason), result.p_value
