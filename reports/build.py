"""From a study and its runs to the files of a report.

The one composer of this package: score, analyse, render, write. It opens no network connection and
knows no tracking store.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.errors import OutputError
from harness.results import RunRecord
from reports.analysis import Analysis, analyse
from reports.scores import ScoreTable
from reports.sections import SECTIONS, Page
from reports.sections.verdicts import headline_of
from reports.study import Study

__all__ = ["ReportResult", "build_report", "render", "verdict_lines"]


@dataclass(frozen=True)
class ReportResult:
    """What was concluded, and the files that say so.

    Attributes
    ----------
    analysis : Analysis
    files : tuple of Path
        `report.html`, `comparisons.json`, `scores.parquet`.
    """

    analysis: Analysis
    files: tuple[Path, ...]


def build_report(
    study: Study,
    records: Sequence[RunRecord],
    cluster_names: Sequence[str],
    provenance: Mapping[str, str],
    output: Path,
) -> ReportResult:
    """Score the runs, draw conclusions and write the report.

    Parameters
    ----------
    study : Study
    records : sequence of RunRecord
        How the study's runs ended; a run without a record counts as missing.
    cluster_names : sequence of str
        Columns of the predictions that items are nested in, outermost first; may be empty.
    provenance : mapping of str to str
        What else the last section shows (versions, commit, command); long texts are folded.
    output : Path
        Folder, made if needed. Files of an earlier report in it are replaced, each at once.

    Returns
    -------
    ReportResult

    Raises
    ------
    DataError
        The runs do not have the same test items.
    OutputError
        The folder cannot be written.
    """
    table = ScoreTable.from_records(records, study, cluster_names)
    everything = _one_per_run(study, records)
    analysis = analyse(study, table, everything)
    seeds = analysis.reached.seeds
    table = table.subset(seeds=seeds)
    everything = tuple(record for record in everything if record.seed in seeds)
    html = render(Page(study, table, analysis, everything, {**study.facts, **provenance}))
    entries = [c.to_json() for c in (*analysis.comparisons, *analysis.exploratory)]
    text = json.dumps(entries, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    writers: dict[str, Callable[[Path], object]] = {
        "report.html": lambda path: path.write_text(html, encoding="utf-8"),
        "comparisons.json": lambda path: path.write_text(text, encoding="utf-8"),
        "scores.parquet": lambda path: table.to_frame().to_parquet(path, index=False),
    }
    written = tuple(_written(output / name, write) for name, write in writers.items())
    return ReportResult(analysis, written)


def render(page: Page) -> str:
    """The page as one HTML document that refers to no other file and runs one script, its own."""
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Markup: our own file, in which `>` and quotes have to stay as they are.
    style = Markup(environment.get_template("style.css").render())
    # Read, not rendered: braces are no template in it.
    script = Markup(files("reports").joinpath("templates/items.js").read_text(encoding="utf-8"))
    return environment.get_template("report.html.j2").render(
        name=page.study.name,
        title=f"{headline_of(page.analysis.comparisons)} ({page.study.name})",
        style=style,
        style_hash=_digest(style),
        script=script,
        script_hash=_digest(script),
        sections={name: context(page) for name, context in SECTIONS.items()},
    )


def _digest(text: str) -> str:
    """As a Content-Security-Policy names what it allows."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def verdict_lines(analysis: Analysis) -> list[str]:
    """The conclusions for a terminal: one line for each declared hypothesis."""
    return [f"[{c.verdict}] {c.sentence}" for c in analysis.comparisons]


def _one_per_run(study: Study, records: Sequence[RunRecord]) -> tuple[RunRecord, ...]:
    """A record for every arm at every seed."""
    known = {(record.arm, record.seed): record for record in records}
    return tuple(
        known.get((arm, seed)) or RunRecord(arm, seed, "missing", "")
        for seed in study.seeds
        for arm in study.arms
    )


def _written(path: Path, write: Callable[[Path], object]) -> Path:
    """Write beside the target, then put it in place: nobody ever sees half a file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        os.replace(temporary, path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise OutputError(
            "the report cannot be written",
            where=str(path),
            got=str(error),
            fix="free space there, or choose a folder that you may write to",
        ) from error
    return path
