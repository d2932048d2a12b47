"""From a study and its runs to the files of a report.

The one composer of this package: score, analyse, render, write. It opens no network connection and
knows no tracking store.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from harness.audit.thresholds import long_items_csv
from harness.errors import OutputError
from harness.results import RunRecord
from reports.analysis import Analysis, analyse
from reports.exports import encoded, exports_of
from reports.markdown import as_markdown
from reports.scores import ScoreTable
from reports.sections import SECTIONS, Page
from reports.sections.verdicts import headline_of
from reports.study import Study

__all__ = ["ReportResult", "build_report", "document", "render", "verdict_lines", "write_files"]


@dataclass(frozen=True)
class ReportResult:
    """What was concluded, and the files that say so.

    Attributes
    ----------
    analysis : Analysis
    files : tuple of Path
        `report.html`, `report.md`, `comparisons.json`, `scores.parquet`, and every table and
        figure of the page in `tables` and `figures`.
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
    short = as_markdown(study, analysis, provenance)
    scores = io.BytesIO()
    table.to_frame().to_parquet(scores, index=False)
    files = {
        "report.html": encoded(html),
        "report.md": encoded(short),
        "comparisons.json": encoded(text),
        "scores.parquet": scores.getvalue(),
    }
    files |= {export.name: export.content for export in exports_of(html)}
    if long := _long_items(study):
        files["tables/long_items.csv"] = encoded(long)
    return ReportResult(analysis, write_files(output, files))


def render(page: Page) -> str:
    """The page as one HTML document that refers to no other file and runs one script, its own."""
    title = f"{headline_of(page.analysis.comparisons)} ({page.study.name})"
    sections = {name: context(page) for name, context in SECTIONS.items()}
    return document(page.study.name, title, sections)


def document(name: str, title: str, sections: Mapping[str, Mapping[str, object]]) -> str:
    """An HTML document of some sections.

    Parameters
    ----------
    name, title : str
        What it is about; the title is that of the window.
    sections : mapping
        From the name of a template to its context, in order.
    """
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
    script = Markup(
        resources.files("reports").joinpath("templates/items.js").read_text(encoding="utf-8")
    )
    return environment.get_template("report.html.j2").render(
        name=name,
        title=title,
        style=style,
        style_hash=_digest(style),
        script=script,
        script_hash=_digest(script),
        sections=sections,
    )


def _long_items(study: Study) -> str:
    """All items beyond a limit of characters, of which the page lists the longest."""
    profile = study.background and study.background.profile
    return long_items_csv(profile.thresholds) if profile else ""


def _digest(text: str) -> str:
    """As a Content-Security-Policy names what it allows."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def verdict_lines(analysis: Analysis) -> list[str]:
    """The conclusions for a terminal: one line for each declared hypothesis."""
    return [f"[{c.verdict}] {c.sentence}" for c in analysis.comparisons]


def _clear(output: Path, keep: Container[str]) -> None:
    """Take away tables and figures of an earlier report that this one does not have."""
    for folder, kinds in (("tables", ("csv",)), ("figures", ("svg", "png"))):
        for kind in kinds:
            for path in (output / folder).glob(f"*.{kind}"):
                if f"{folder}/{path.name}" not in keep:
                    with suppress(OSError):
                        path.unlink()


def _one_per_run(study: Study, records: Sequence[RunRecord]) -> tuple[RunRecord, ...]:
    """A record for every arm at every seed."""
    known = {(record.arm, record.seed): record for record in records}
    return tuple(
        known.get((arm, seed)) or RunRecord(arm, seed, "missing", "")
        for seed in study.seeds
        for arm in study.arms
    )


def write_files(output: Path, files: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Write a report's files into a folder, each at once, and take away what is left of an old one.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    _clear(output, keep=files)
    return tuple(_written(output / name, content) for name, content in files.items())


def _written(path: Path, content: bytes) -> Path:
    """Write beside the target, then put it in place: nobody ever sees half a file."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
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
