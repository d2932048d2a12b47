"""Numbers to statistics to verdicts to a page. Imports neither torch nor transformers nor mlflow.

`build_report` does all of it; the parts are here for those who want only some. Names are looked up
on first use, so that importing `reports.statistics` costs no plotting or templating.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reports.analysis import Analysis, ScoreRow, analyse
    from reports.build import ReportResult, build_report, verdict_lines
    from reports.comparison import Comparison
    from reports.scores import ScoreTable

__all__ = [
    "Analysis",
    "Comparison",
    "ReportResult",
    "ScoreRow",
    "ScoreTable",
    "analyse",
    "build_report",
    "verdict_lines",
]

_HOMES = {
    "Analysis": "reports.analysis",
    "Comparison": "reports.comparison",
    "ReportResult": "reports.build",
    "ScoreRow": "reports.analysis",
    "ScoreTable": "reports.scores",
    "analyse": "reports.analysis",
    "build_report": "reports.build",
    "verdict_lines": "reports.build",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'reports' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
