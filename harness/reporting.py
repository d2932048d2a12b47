"""The report of an ablation: made, written, stored with it, and made again from the store.

What the report says is the business of `reports`; here it gets its surroundings.
"""

from __future__ import annotations

import math
import shlex
import sys
import tempfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError
from rich.console import Console

from harness.errors import ExperimentError, OutputError, TrackingError
from harness.experiment import Experiment, Plan, make_plan
from harness.experiment.tuning import tuned_plan
from harness.results import RunRecord, cluster_columns
from harness.tracking import (
    Ablation,
    Store,
    StoredAblation,
    describe_environment,
    load_ablation,
    open_store,
    with_curves,
)
from reports.study import Study, study_of

if TYPE_CHECKING:
    from reports.analysis import Analysis

__all__ = [
    "combine_reports",
    "make_report",
    "output_folder",
    "plan_of_stored",
    "remake_report",
    "results_name",
    "say_failures",
    "surroundings",
]


def remake_report(name: str, *, output: str | None = None, tracking_uri: str | None = None) -> int:
    """Make the report of a past ablation again from its stored predictions.

    Parameters
    ----------
    name : str
        As for `harness.tracking.load_ablation`.

    Returns
    -------
    int
        0 when all its runs had finished, 1 when some had not.

    Raises
    ------
    TrackingError, OutputError
        There is no such ablation, or the report cannot be written.
    """
    store = open_store(tracking_uri, must_exist=True)
    stored = load_ablation(store, name)
    plan = plan_of_stored(stored)
    tuned = stored.tuning is not None
    folder = output_folder(output, results_name(plan.experiment, tuned=tuned))
    study = study_of(plan, stored.history, stored.background, stored.tuning)
    analysis = make_report(study, stored.records, folder, stored.run_id, stored.plan_hash, store)
    counted = [record for record in stored.records if record.seed in analysis.reached.seeds]
    return say_failures(counted, Console(stderr=True, highlight=False))


def combine_reports(
    names: Sequence[str], *, output: str | None = None, tracking_uri: str | None = None
) -> int:
    """Put several past ablations side by side on one page.

    Parameters
    ----------
    names : sequence of str
        Two or more, each as for `harness.tracking.load_ablation`.

    Returns
    -------
    int
        0.

    Raises
    ------
    TrackingError, DataError, OutputError
        There is no such ablation, they have no hypothesis in common, or the report cannot be
        written.
    """
    from reports.analysis import analyse
    from reports.combined import Member, build_combined
    from reports.scores import ScoreTable

    store = open_store(tracking_uri, must_exist=True)
    stored = [load_ablation(store, name) for name in names]
    if len({one.run_id for one in stored}) < len(stored):
        raise TrackingError(
            "an ablation is named twice", where="harness report", got=", ".join(names)
        )
    members = []
    for one, label in zip(stored, _labels(stored), strict=True):
        print(f"scoring {one.name}", file=sys.stderr)
        study = study_of(plan_of_stored(one), one.history, one.background, one.tuning)
        table = ScoreTable.from_records(one.records, study, cluster_columns(one.records))
        members.append(Member(label, study, analyse(study, table, one.records)))
    runs = {
        f"MLflow run of {member.name}": one.run_id
        for member, one in zip(members, stored, strict=True)
    }
    provenance = {**runs, "Tracking store": store.where, **surroundings()}
    folder = output_folder(output, "combined")
    build_combined(members, provenance, folder)
    for member in members:
        for comparison in member.analysis.comparisons:
            print(f"{member.name}: [{comparison.verdict}] {comparison.sentence}")
    print(f"report: {folder / 'report.html'}")
    return 0


def _labels(stored: Sequence[StoredAblation]) -> list[str]:
    """A name of each ablation that says whether its arms were tuned, and that no other has."""
    names = [f"{one.name}, tuned" if one.tuning is not None else one.name for one in stored]
    if len({*names}) < len(names):
        return [f"{name} ({one.run_id[:8]})" for name, one in zip(names, stored, strict=True)]
    return names


def plan_of_stored(stored: StoredAblation) -> Plan:
    """The plan of a past ablation.

    Raises
    ------
    TrackingError
        Another version made it, and this one does not understand its experiment.
    """
    try:
        plan = make_plan(Experiment.model_validate(stored.experiment))
        return plan if stored.tuning is None else tuned_plan(plan, stored.tuning)
    except (ValidationError, ExperimentError) as error:
        raise TrackingError(
            "this ablation was made by another version, whose experiments are not understood",
            where=f"run {stored.run_id}",
            got=str(error).splitlines()[0],
            fix="use that version of the harness for it",
        ) from None


def results_name(experiment: Experiment, *, tuned: bool) -> str:
    """What the folder of an ablation's results is called; a tuned one's is another."""
    return f"{experiment.name}-tuned" if tuned else experiment.name


def output_folder(output: str | None, name: str) -> Path:
    """The folder of the results, made if needed, once a file could be written in it.

    Raises
    ------
    OutputError
        It cannot be written.
    """
    folder = Path(output) if output else Path("results") / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(
            "the output folder cannot be written",
            where=f"--output {folder}",
            got=error.strerror or str(error),
            allowed="a folder you may write to; it is made if it does not exist",
        ) from None
    return folder


def make_report(
    study: Study,
    records: Sequence[RunRecord],
    folder: Path,
    run_id: str,
    identity: str,
    store: Store,
    ablation: Ablation | None = None,
) -> Analysis:
    """Write the report, store it with a running ablation, and print the verdicts.

    Parameters
    ----------
    study : Study
        What is compared.
    records : sequence of RunRecord
        How its runs ended; the curves of their training are read from the store.
    folder : Path
        Where `report.html`, `comparisons.json` and `scores.parquet` are written.
    run_id, identity : str
        The ablation in MLflow, and the hash of its plan.
    store : Store
        Where the ablation is tracked.
    ablation : Ablation, optional
        The ablation that the report belongs to, while it runs.

    Returns
    -------
    Analysis
        What it says.

    Raises
    ------
    OutputError, TrackingError
        The report cannot be written or stored.
    """
    from reports.build import build_report, verdict_lines

    records = with_curves(store, records)
    provenance = _provenance(records, run_id, identity, store)
    result = build_report(study, records, cluster_columns(records), provenance, folder)
    lines = verdict_lines(result.analysis)
    if ablation is not None:
        with tempfile.TemporaryDirectory() as staging:
            for path in result.files:
                place = Path(staging) / path.relative_to(folder)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(path.read_bytes())
            ablation.finish(
                Path(staging),
                headline=_headline(result.analysis),
                description=_description(study, lines),
            )
    print("\n".join(lines))
    print(f"report: {folder / 'report.html'}")
    return result.analysis


def _headline(analysis: Analysis) -> dict[str, float]:
    """Estimates of the declared hypotheses, as metrics of the parent run."""
    return {
        f"{one.metric} {one.contrast}": one.estimate
        for one in analysis.comparisons
        if math.isfinite(one.estimate)
    }


def _description(study: Study, lines: Iterable[str]) -> str:
    return "\n".join([f"**{study.question}**", "", *(f"- {line}" for line in lines)])


def _provenance(
    records: Sequence[RunRecord], run_id: str, identity: str, store: Store
) -> dict[str, str]:
    return {
        "Plan": identity,
        "MLflow run": run_id,
        "Tracking store": store.where,
        **surroundings(),
        "Fingerprints": "\n".join(
            f"{one.fingerprint}  {one.arm} / seed {one.seed}" for one in records
        ),
    }


def surroundings() -> dict[str, str]:
    """When and with what a report is made, by names for people."""
    environment = describe_environment()
    git = environment["git"]
    versions = (f"{name} {version}" for name, version in environment["packages"].items())
    return {
        "Report made": datetime.now().astimezone().isoformat(timespec="seconds"),
        "Harness": environment["harness"],
        "Git commit": f"{git['commit']}{' (with changes)' if git['dirty'] else ''}" if git else "-",
        "Python": f"{environment['python']} on {environment['platform']}",
        "Hardware": ", ".join(
            [environment["hardware"]["processor"], *environment["hardware"]["accelerators"]]
        ),
        "Command": shlex.join(["harness", *sys.argv[1:]]),
        "Packages": "\n".join(versions),
    }


def say_failures(records: Iterable[RunRecord], console: Console) -> int:
    """Name the runs without results; the exit code."""
    failed = [record for record in records if record.status in ("failed", "missing")]
    for one in failed:
        text = f"{one.status}: {one.arm} / seed {one.seed}: {one.reason or 'not finished'}"
        console.print(text, style="red", markup=False, soft_wrap=True)
    return 1 if failed else 0
