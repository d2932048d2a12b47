"""What every section of the report may look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.experiment import Plan
from harness.results import RunRecord
from reports.analysis import Analysis
from reports.scores import ScoreTable

__all__ = ["Page"]


@dataclass(frozen=True, eq=False)
class Page:
    """Everything that is reported.

    Attributes
    ----------
    plan, table, analysis
        The question, the scores, the answers.
    records : tuple of RunRecord
        One per planned run, in the plan's order; runs without a record are `missing` ones.
    provenance : mapping of str to str
        What else makes the result reproducible, by its name on the page.
    """

    plan: Plan
    table: ScoreTable
    analysis: Analysis
    records: tuple[RunRecord, ...]
    provenance: Mapping[str, str]
