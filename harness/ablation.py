"""An ablation from its file to its report: prepare, run what is missing, track, analyse.

The one place where plan, executor, tracking and report meet; each of them is elsewhere.
"""

from __future__ import annotations

import math
import re
import shlex
import sys
import tempfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from harness.errors import OutputError
from harness.executors.inline import Bases, run_inline
from harness.experiment import Arm, Experiment, Plan, RunSpec, load_experiment, make_plan
from harness.experiment.fingerprint import plan_hash
from harness.experiment.schema import Split, Validation
from harness.preparation import Prepared, prepare
from harness.progress import Progress
from harness.results import RunRecord, cluster_columns
from harness.tracking import (
    Ablation,
    DataInput,
    SplitName,
    Store,
    describe_environment,
    find_finished,
    load_ablation,
    open_store,
    start_ablation,
)

if TYPE_CHECKING:
    from reports.analysis import Analysis

__all__ = ["remake_report", "run_ablation"]


def run_ablation(
    file: str,
    assignments: Sequence[str] = (),
    *,
    output: str | None = None,
    tracking_uri: str | None = None,
    reuse: bool = True,
) -> int:
    """Run an experiment and report its verdicts.

    Parameters
    ----------
    file : str
        The experiment file.
    assignments : sequence of str
        `PATH=VALUE` overrides of it.
    output : str, optional
        Folder of the results; `results/NAME` when left out.
    tracking_uri : str, optional
        As for `harness.tracking.open_store`.
    reuse : bool
        Whether finished runs with the same fingerprint stand in for new ones.

    Returns
    -------
    int
        0 when all runs finished, 1 when some failed.

    Raises
    ------
    InputError
        Something that was given cannot be used; no run was started.
    """
    console = Console(stderr=True, highlight=False)
    plan = make_plan(load_experiment(file, assignments))
    prepared = prepare(plan)
    folder = _writable(_folder(output, plan))
    for note in dict.fromkeys(n for one in prepared.datasets.values() for n in one.notes):
        console.print(f"data: {note}", markup=False, soft_wrap=True)
    console.print("opening the tracking store (making a new one takes some seconds)")
    store = open_store(tracking_uri)
    earlier = _earlier(store, prepared) if reuse else {}
    todo = [run for run in plan.runs if run.name not in earlier]
    bases = _bases(todo, plan, console)
    identity = plan_hash(plan.experiment.model_dump(mode="json"), prepared.fingerprints)
    with start_ablation(
        store, plan, plan_hash=identity, fingerprints=prepared.fingerprints
    ) as ablation:
        records = [ablation.reuse(run, earlier[run.name]) for run in plan.runs if run not in todo]
        if records:
            console.print(f"{len(records)} of {len(plan.runs)} runs are finished and reused")
        records += _executed(todo, prepared, ablation, bases, console)
        _say_cuts(records, console)
        _report(plan, records, folder, ablation.run_id, identity, store, ablation)
    return _say_failures(records, console)


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
    store = open_store(tracking_uri)
    stored = load_ablation(store, name)
    plan = make_plan(Experiment.model_validate(stored.experiment))
    folder = _writable(_folder(output, plan))
    _report(plan, stored.records, folder, stored.run_id, stored.plan_hash, store)
    return _say_failures(stored.records, Console(stderr=True, highlight=False))


def _folder(output: str | None, plan: Plan) -> Path:
    return Path(output) if output else Path("results") / plan.experiment.name


def _writable(folder: Path) -> Path:
    """The folder, made if needed, once a file could be written in it."""
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


def _earlier(store: Store, prepared: Prepared) -> dict[str, str]:
    """MLflow run ids of finished runs by the name of the planned run they stand in for."""
    found = {name: find_finished(store, one) for name, one in prepared.fingerprints.items()}
    return {name: run_id for name, run_id in found.items() if run_id is not None}


def _bases(todo: Sequence[RunSpec], plan: Plan, console: Console) -> Bases:
    """Load the first base model before anything is written: a damaged one is found here."""
    bases = Bases()
    if todo:
        console.print("loading torch and the base model", markup=False, soft_wrap=True)
        import torch

        from harness.logs import quieten_progress_bars

        quieten_progress_bars()
        if plan.experiment.resources.threads:
            torch.set_num_threads(plan.experiment.resources.threads)
        bases.get(todo[0])
    return bases


def _executed(
    todo: Sequence[RunSpec],
    prepared: Prepared,
    ablation: Ablation,
    bases: Bases,
    console: Console,
) -> list[RunRecord]:
    with Progress(len(todo), console) as progress:
        try:
            runs = run_inline(
                todo,
                datasets=prepared.datasets,
                inputs={arm.name: _inputs(arm, prepared) for arm in prepared.plan.arms},
                ablation=ablation,
                fingerprints=prepared.fingerprints,
                progress=progress,
                bases=bases,
            )
            return list(runs)
        except KeyboardInterrupt:
            progress.say("interrupted; finished runs are kept, the same command goes on from here")
            raise


def _inputs(arm: Arm, prepared: Prepared) -> list[DataInput]:
    """What tracking is told about an arm's splits."""
    data, dataset = arm.config.data, prepared.datasets[arm.name]
    carved = data.validation is None or data.validation.share is not None
    places: dict[SplitName, Split | Validation | None] = {
        "train": data.train,
        "validation": data.train if carved else data.validation,
        "test": data.test,
    }
    inputs = []
    for split, place in places.items():
        items = getattr(dataset, split)
        file = place.file if place else None
        source = file or data.source or ""
        if items:
            inputs.append(
                DataInput(
                    context=split,
                    name=Path(source).name,
                    digest=prepared.hashes[arm.name][split],
                    source=source,
                    hub=file is None and not source.startswith("embedded:"),
                    items=len(items),
                )
            )
    return inputs


def _report(
    plan: Plan,
    records: Sequence[RunRecord],
    folder: Path,
    run_id: str,
    identity: str,
    store: Store,
    ablation: Ablation | None = None,
) -> None:
    """Write the report, store it with a running ablation, and print the verdicts."""
    from reports.build import build_report, verdict_lines

    provenance = _provenance(records, run_id, identity, store)
    result = build_report(plan, records, cluster_columns(records), provenance, folder)
    lines = verdict_lines(result.analysis)
    if ablation is not None:
        with tempfile.TemporaryDirectory() as staging:
            for path in result.files:
                (Path(staging) / path.name).write_bytes(path.read_bytes())
            ablation.finish(
                Path(staging),
                headline=_headline(result.analysis),
                description=_description(plan, lines),
            )
    print("\n".join(lines))
    print(f"report: {folder / 'report.html'}")


def _headline(analysis: Analysis) -> dict[str, float]:
    """Estimates of the declared hypotheses, as metrics of the parent run."""
    return {
        re.sub(r"[^\w.\- :/]", "_", f"{one.metric} {one.contrast}"): one.estimate
        for one in analysis.comparisons
        if math.isfinite(one.estimate)
    }


def _description(plan: Plan, lines: Iterable[str]) -> str:
    return "\n".join([f"**{plan.experiment.question}**", "", *(f"- {line}" for line in lines)])


def _provenance(
    records: Sequence[RunRecord], run_id: str, identity: str, store: Store
) -> dict[str, str]:
    environment = describe_environment()
    git = environment["git"]
    versions = (f"{name} {version}" for name, version in environment["packages"].items())
    return {
        "Report made": datetime.now().astimezone().isoformat(timespec="seconds"),
        "Harness": environment["harness"],
        "Git commit": f"{git['commit']}{' (with changes)' if git['dirty'] else ''}" if git else "-",
        "Plan": identity,
        "MLflow run": run_id,
        "Tracking store": store.where,
        "Python": f"{environment['python']} on {environment['platform']}",
        "Hardware": ", ".join(
            [environment["hardware"]["processor"], *environment["hardware"]["accelerators"]]
        ),
        "Command": shlex.join(["harness", *sys.argv[1:]]),
        "Packages": "\n".join(versions),
        "Fingerprints": "\n".join(
            f"{one.fingerprint}  {one.arm} / seed {one.seed}" for one in records
        ),
    }


def _say_cuts(records: Sequence[RunRecord], console: Console) -> None:
    """Truncation is never silent; it is the same for every seed of an arm."""
    meanings = {
        "prompts_cut": "test prompts lost the end of their context",
        "questions_cut": "test prompts lost more than their context: their questions are damaged",
        "targets_cut": "training targets lost their end",
    }
    for arm, metrics in {record.arm: record.metrics for record in records}.items():
        for name, meaning in meanings.items():
            if metrics.get(name):
                console.print(
                    f"{arm}: {metrics[name]:.0f} {meaning}",
                    style="yellow",
                    markup=False,
                    soft_wrap=True,
                )


def _say_failures(records: Iterable[RunRecord], console: Console) -> int:
    """Name the runs without results; the exit code."""
    failed = [record for record in records if record.status in ("failed", "missing")]
    for one in failed:
        text = f"{one.status}: {one.arm} / seed {one.seed}: {one.reason or 'not finished'}"
        console.print(text, style="red", markup=False, soft_wrap=True)
    return 1 if failed else 0
