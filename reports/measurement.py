"""What one contrast measures on one metric: scores put together, and their difference.

No claims and no verdicts; the formulas are in `reports.statistics`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from harness.experiment import Contrast
from reports.scores import ScoreTable
from reports.statistics import PairedDifference, Scope, paired_difference

__all__ = ["Measurement", "measure", "paired_scores"]


@dataclass(frozen=True)
class Measurement:
    """A contrast's difference with the two means that it is the difference of.

    Attributes
    ----------
    result : PairedDifference
    control_mean, treatment_mean : float
        Points; of an interaction the effects of the first factor, see `Contrast.treated`.
    """

    result: PairedDifference
    control_mean: float
    treatment_mean: float


def measure(contrast: Contrast, metric: str, table: ScoreTable, level: float = 0.95) -> Measurement:
    """Measure a contrast on the seeds that have runs of all its arms.

    Parameters
    ----------
    contrast : Contrast
    metric : str
    table : ScoreTable
    level : float
        Confidence level of the interval.

    Returns
    -------
    Measurement
        Of the recipe with two or more common seeds, else of the checkpoints; NaN with a reason
        where there is nothing to measure.
    """
    weights, values = paired_scores(contrast, metric, table)
    complete = values.shape[1] > 0
    if not complete:
        values = np.full((len(weights), 1, len(table.items)), np.nan)
    differences = np.tensordot(weights, values, axes=1)
    scope: Scope = "recipe" if len(differences) > 1 else "checkpoints"
    result = paired_difference(differences, table.outermost, scope=scope, level=level)
    if not complete:
        reason = "no seed has finished runs of all the arms that are compared"
        result = replace(result, n_seeds=0, n_unscored=0, reason=reason)
    scored = ~np.isnan(differences).any(axis=0)
    means = values[:, :, scored].mean(axis=(1, 2)) if scored.any() else np.nan
    parts = weights * means
    treated = np.isin(_arms(contrast, table), contrast.treated)
    return Measurement(result, -float(parts[~treated].sum()), float(parts[treated].sum()))


def paired_scores(
    contrast: Contrast, metric: str, table: ScoreTable
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights and scores of a contrast's arms, in the table's order.

    Returns
    -------
    weights : ndarray, shape (n_contrast_arms,)
    values : ndarray, shape (n_contrast_arms, n_common_seeds, n_items)
        What items contribute, on the seeds that all these arms have a run for.
    """
    part_of = np.isin(np.array(table.arms), list(contrast.weights))
    weights = np.array([contrast.weights[arm] for arm in _arms(contrast, table)])
    return weights, table.on_common_seeds(metric, part_of)


def _arms(contrast: Contrast, table: ScoreTable) -> list[str]:
    return [arm for arm in table.arms if arm in contrast.weights]
