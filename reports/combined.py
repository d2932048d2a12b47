"""Several ablations that declared the same hypotheses, side by side on one page.

Nothing is pooled and nothing is tested anew: each verdict is that of its own ablation.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from harness.errors import DataError
from reports.analysis import Analysis
from reports.build import document, write_files
from reports.comparison import Comparison
from reports.exports import encoded, exports_of
from reports.plots import draw_forest, forest_rows
from reports.sections.verdicts import TONES
from reports.study import Study
from reports.wording import interval, metric_label, p_cell, points, signed

__all__ = ["Member", "build_combined"]


@dataclass(frozen=True)
class Member:
    """One ablation of a combined report.

    Attributes
    ----------
    name : str
        For people; unique among the members.
    study : Study
    analysis : Analysis
    """

    name: str
    study: Study
    analysis: Analysis


def build_combined(
    members: Sequence[Member], provenance: Mapping[str, str], output: Path
) -> tuple[Path, ...]:
    """Write `report.html`, `comparisons.json`, and the page's tables and figures.

    Parameters
    ----------
    members : sequence of Member
        At least two.
    provenance : mapping of str to str
    output : Path
        Folder, made if needed.

    Raises
    ------
    DataError
        No two of them declared the same hypothesis.
    OutputError
        The folder cannot be written.
    """
    shared = _shared(members)
    title = f"{len(members)} ablations, {_tally(shared)}"
    sections = {"combined": _context(members, shared, provenance, title)}
    html = document("combined", title, sections)
    entries = [
        {"ablation": name, **comparison.to_json()}
        for found in shared
        for name, comparison in found.items()
    ]
    text = json.dumps(entries, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    files = {"report.html": encoded(html), "comparisons.json": encoded(text)}
    return write_files(output, files | {e.name: e.content for e in exports_of(html)})


def _shared(members: Sequence[Member]) -> list[dict[str, Comparison]]:
    """For each hypothesis that at least two declared: the comparison of each, by its name."""
    found: dict[tuple[object, ...], dict[str, Comparison]] = {}
    for member in members:
        for one in member.analysis.comparisons:
            key = one.contrast, one.claim, one.metric, one.margin
            found.setdefault(key, {})[member.name] = one
    shared = [by_name for by_name in found.values() if len(by_name) > 1]
    if not shared:
        declared = "; ".join(f"{m.name}: {_declared(m)}" for m in members)
        raise DataError(
            "these ablations have no hypothesis in common, so they cannot be put side by side",
            where="harness report",
            got=declared,
            allowed="ablations that declared the same contrast, claim, metric and margin",
        )
    return shared


def _declared(member: Member) -> str:
    return ", ".join(f"{c.contrast} {c.claim} ({c.metric})" for c in member.analysis.comparisons)


def _tally(shared: Sequence[Mapping[str, Comparison]]) -> str:
    """Such as `2 × better, 1 × undecided`."""
    counts = Counter(str(one.verdict) for found in shared for one in found.values())
    return ", ".join(f"{n} × {verdict}" for verdict, n in counts.most_common())


def _context(
    members: Sequence[Member],
    shared: Sequence[Mapping[str, Comparison]],
    provenance: Mapping[str, str],
    title: str,
) -> dict[str, object]:
    return {
        "title": title,
        "questions": list(dict.fromkeys(member.study.question for member in members)),
        "hypotheses": [_hypothesis(found, len(members)) for found in shared],
        "warnings": [
            {"name": member.name, "texts": member.analysis.warnings}
            for member in members
            if member.analysis.warnings
        ],
        "facts": {**{f"Ablation {m.name}": m.study.facts["Arms differ in"] for m in members},
                  **{name: text for name, text in provenance.items() if "\n" not in text}},
    }  # fmt: skip


def _hypothesis(found: Mapping[str, Comparison], n_members: int) -> dict[str, object]:
    first = next(iter(found.values()))
    margin = "" if first.margin is None else f", margin {first.margin:g}"
    rows = [
        row._replace(label=name)
        for name, row in zip(found, forest_rows(tuple(found.values())), strict=True)
    ]
    return {
        "title": f"{first.contrast}: {first.claim}{margin} ({metric_label(first.metric)})",
        "picture": Markup(draw_forest(rows)),  # the drawing escapes what it is given
        "n_without": n_members - len(found),
        "rows": [
            {
                "name": name,
                "verdict": one.verdict,
                "tone": TONES.get(one.verdict, "open"),
                "estimate": signed(one.estimate),
                "interval": interval(one),
                "p": p_cell(one.p_adjusted),
                "control": points(one.control_mean),
                "treatment": points(one.treatment_mean),
                "n_seeds": one.n_seeds,
                "n_items": f"{one.n_items:,}",
            }
            for name, one in found.items()
        ],
    }
