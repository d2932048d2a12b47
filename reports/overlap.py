"""The declared contrasts once more, without the test items that training may have given away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.audit.background import Background
from reports.measurement import measure
from reports.scores import ScoreTable
from reports.statistics import PairedDifference
from reports.study import Study

__all__ = ["Cleaned", "without_overlap"]


@dataclass(frozen=True)
class Cleaned:
    """One contrast with all items and without the overlapping ones.

    Attributes
    ----------
    contrast, metric : str
    everything, clean : PairedDifference
    """

    contrast: str
    metric: str
    everything: PairedDifference
    clean: PairedDifference


def without_overlap(
    study: Study, table: ScoreTable, background: Background, weight: float = 1.0
) -> tuple[Cleaned, ...]:
    """Estimate each declared contrast again; empty where no item overlaps with training.

    Parameters
    ----------
    study : Study
    table : ScoreTable
    background : Background
    weight : float
        Share of alpha that is spent at this look.
    """
    if background.overlap is None:
        return ()
    clean = ~np.isin(table.items, list(background.overlap.overlapping))
    if clean.all():
        return ()
    level = 1 - study.alpha * weight
    part = table.subset(items=clean)
    return tuple(
        Cleaned(
            name,
            metric,
            measure(contrast, metric, table, level).result,
            measure(contrast, metric, part, level).result,
        )
        for (name, metric), contrast in study.contrasts.items()
    )
