"""The report in short, as Markdown for a pull request or a chat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reports.analysis import Analysis
from reports.study import Study
from reports.wording import interval, metric_label, numbers, p_cell, points, signed

__all__ = ["as_markdown"]

_SHORT = ("Git commit", "Plan", "MLflow run", "Command")
"""Facts that a short report names."""


def as_markdown(study: Study, analysis: Analysis, facts: Mapping[str, str]) -> str:
    """Verdicts, scores, effects and what to keep in mind.

    Parameters
    ----------
    study : Study
    analysis : Analysis
    facts : mapping of str to str
        Provenance, of which a few are named.
    """
    parts = [f"### {_text(study.question)}", *_verdicts(analysis)]
    parts += [_scoreboard(study, analysis), _effects(analysis)]
    if analysis.warnings:
        parts.append("**Keep in mind**")
        parts.append("\n".join(f"- {_text(warning)}" for warning in analysis.warnings))
    known = [f"{name}: `{facts[name]}`" for name in _SHORT if name in facts]
    return "\n\n".join([*parts, " · ".join(known)]).rstrip() + "\n"


def _verdicts(analysis: Analysis) -> list[str]:
    return [
        f"**{c.verdict}**: {_text(c.headline)}. {_text(numbers(c))}." for c in analysis.comparisons
    ]


def _scoreboard(study: Study, analysis: Analysis) -> str:
    cells = {(row.arm, row.metric): row for row in analysis.scoreboard}
    metrics = sorted({row.metric: None for row in analysis.scoreboard}, key=study.primary.__ne__)
    rows = [
        [_text(arm), *(points(cells[arm, metric].mean) for metric in metrics)]
        for arm in study.arms
        if all((arm, metric) in cells for metric in metrics)
    ]
    return _table(["Arm", *map(metric_label, metrics)], rows)


def _effects(analysis: Analysis) -> str:
    rows = [
        [_text(c.contrast), metric_label(c.metric), signed(c.estimate), interval(c),
         p_cell(c.p_adjusted), c.verdict]
        for c in analysis.comparisons
    ]  # fmt: skip
    return _table(["Difference", "Metric", "Points", "Interval", "Adjusted p", "Verdict"], rows)


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _text(text: str) -> str:
    """Nothing in a label starts markup, a cell or a line."""
    flat = " ".join(text.split()).replace("\\", "\\\\")
    for mark in "|*_`[]<>#~":
        flat = flat.replace(mark, f"\\{mark}")
    return flat
