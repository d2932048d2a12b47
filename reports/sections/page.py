"""What every section of the report may look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.results import RunRecord
from reports.analysis import Analysis
from reports.scores import ScoreTable
from reports.study import Study

__all__ = ["Page"]


@dataclass(frozen=True, eq=False)
class Page:
    """Everything that is reported.

    Attributes
    ----------
    study, table, analysis
        The question, the scores, the answers.
    records : tuple of RunRecord
        One for every arm at every seed; runs without a record are `missing` ones.
    provenance : mapping of str to str
        What else makes the result reproducible, by its name on the page.
    """

    study: Study
    table: ScoreTable
    analysis: Analysis
    records: tuple[RunRecord, ...]
    provenance: Mapping[str, str]

    @property
    def level(self) -> str:
        """Confidence level of the intervals, such as `95%`."""
        return f"{100 * (1 - self.study.alpha * self.analysis.reached.look.weight):.4g}%"
