"""An ablation from its file to its report: prepare, run what is missing, track, analyse.

The one place where plan, executor, tracking and report meet; each of them is elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from harness.executors.inline import Bases, run_inline
from harness.experiment import Arm, Plan, RunSpec, load_experiment, make_plan
from harness.experiment.fingerprint import plan_hash
from harness.experiment.schema import Split, Validation
from harness.preparation import Prepared, prepare
from harness.progress import Progress
from harness.reporting import make_report, output_folder, say_failures
from harness.results import RunRecord
from harness.tracking import (
    Ablation,
    DataInput,
    SplitName,
    Store,
    find_finished,
    open_store,
    start_ablation,
)

if TYPE_CHECKING:
    pass

__all__ = ["run_ablation"]


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
    folder = output_folder(output, plan)
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
        make_report(plan, records, folder, ablation.run_id, identity, store, ablation)
    return say_failures(records, console)


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
