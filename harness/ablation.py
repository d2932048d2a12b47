"""An ablation from its file to its report: prepare, run what is missing, track, analyse.

The one place where plan, executor, tracking and report meet; each of them is elsewhere.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from harness.audit import background_of, profile_of
from harness.errors import TrackingError
from harness.executors.bases import Bases
from harness.executors.inline import run_inline
from harness.executors.ranks import follow, is_follower
from harness.experiment import Plan, RunSpec, load_experiment, make_plan
from harness.experiment.declaration import declared_of
from harness.experiment.fingerprint import plan_hash
from harness.experiment.tuning import tuned_plan
from harness.fitting import checked_bases
from harness.preparation import Prepared, asked_of_the_hub, inputs_of, prepare
from harness.probing import probe_bases
from harness.progress import Progress
from harness.reporting import make_report, output_folder, results_name, say_failures
from harness.results import COST_COLUMNS, RunRecord, cluster_columns
from harness.tracking import (
    Ablation,
    check_wandb,
    find_finished,
    open_store,
    start_ablation,
)
from harness.tracking.glance import finished_fingerprints
from harness.training.arguments import processes
from reports.interim import is_decided
from reports.study import Study, study_of

if TYPE_CHECKING:
    from harness.generation import PartialAnswers
    from harness.training import Checkpoints

__all__ = ["checkpoint_places", "run_ablation"]

_CHECKPOINTS = "checkpoints"
_PARTIAL = "predictions-partial"


def run_ablation(
    file: str,
    assignments: Sequence[str] = (),
    *,
    output: str | None = None,
    tracking_uri: str | None = None,
    reuse: bool = True,
    tuned: bool = False,
    storage: str | None = None,
) -> int:
    """Run an experiment and report its verdicts.

    Parameters
    ----------
    file : str
        The experiment file.
    assignments : sequence of str
        `PATH=VALUE` overrides of it.
    output : str, optional
        Folder of the results; `results/NAME` when left out, or `results/NAME-tuned`.
    tracking_uri : str, optional
        As for `harness.tracking.open_store`.
    reuse : bool
        Whether finished runs with the same fingerprint stand in for new ones.

    tuned : bool
        Whether each arm has the best settings that its search found.
    storage : str, optional
        Where searches are kept, as for `harness.search.storage_url`.

    Returns
    -------
    int
        0 when all runs finished, 1 when some failed.

    Raises
    ------
    InputError
        Something that was given cannot be used; no run was started.
    """
    console = Console(stderr=True, highlight=False, quiet=is_follower())
    plan = make_plan(load_experiment(file, assignments))
    if not is_follower():
        check_wandb(plan.experiment.wandb)
    for name in asked_of_the_hub(plan):
        console.print(f"asking the hub for {name}", markup=False, soft_wrap=True)
    untuned = prepared = prepare(plan)
    tuning = None
    if tuned:
        from harness.search import found_tuning

        tuning = found_tuning(untuned, storage)
        prepared = prepare(tuned_plan(plan, tuning), untuned.datasets)
        plan = prepared.plan
    for note in dict.fromkeys(n for one in prepared.datasets.values() for n in one.notes):
        console.print(f"data: {note}", markup=False, soft_wrap=True)
    known = (finished_fingerprints(tracking_uri) if reuse else None) or frozenset()
    new = [run for run in plan.runs if prepared.fingerprints[run.name] not in known]
    bases = checked_bases(new, prepared, console)
    folder = output_folder(output, results_name(plan.experiment, tuned=tuned))
    checkpoints = checkpoint_places(prepared, folder)
    for place in checkpoints.values():
        if place is not None and not reuse:
            shutil.rmtree(place.folder, ignore_errors=True)
    if is_follower():
        follow(plan.runs, datasets=prepared.datasets, bases=bases, checkpoints=checkpoints)
        return 0
    background = background_of(
        prepared.datasets.values(),
        plan.experiment.analysis.slices,
        names=[name for arm in plan.arms for name in arm.config.prompt.names],
        say=lambda text: console.print(text, markup=False, soft_wrap=True),
    )
    background = replace(background, profile=profile_of(prepared.datasets))
    if plan.experiment.analysis.exposure_probe:
        background = replace(background, exposed=probe_bases(prepared, bases, console))
    console.print("opening the tracking store (making a new one takes some seconds)")
    store = open_store(tracking_uri)
    identity = plan_hash(plan.experiment.model_dump(mode="json"), prepared.fingerprints)
    if tuning is not None:
        from harness.search import findings_of_finished

        tuning = tuning.model_copy(update={"untuned": findings_of_finished(store, untuned)})
    with start_ablation(
        store,
        plan,
        plan_hash=identity,
        fingerprints=prepared.fingerprints,
        inputs=inputs_of(plan.arms[0], prepared),
    ) as ablation:
        found = {
            name: run_id
            for name, identity in prepared.fingerprints.items()
            if (run_id := find_finished(store, identity)) is not None
        }
        what = declared_of(plan, _data_of(prepared))
        if tuning is not None:
            ablation.describe_tuning(tuning)
            what["tuned"] = tuning.summary
        history = ablation.declare(what, n_known=len(found))
        ablation.describe_items(background)
        records = _reused(plan, found, ablation, console) if reuse else []
        done = {(record.arm, record.seed) for record in records}
        todo = [run for run in plan.runs if (run.arm.name, run.seed) not in done]
        study = study_of(plan, history, background, tuning)
        waiting = _until_decided(study, todo, records, console)
        partial = _partial_answers(plan, folder)
        _execute(
            waiting, len(todo), records, prepared, ablation, bases, console, checkpoints, partial
        )
        _say_cuts(records, console)
        make_report(study, records, folder, ablation.run_id, identity, store, ablation)
    _say_left_over(folder / _CHECKPOINTS, checkpoints, console)
    _say_next(plan, records, console)
    return say_failures(records, console)


def _data_of(prepared: Prepared) -> dict[str, object]:
    """What is declared of data and models; by arm where arms differ."""
    first = prepared.plan.arms[0].name

    def common(by_arm: Mapping[str, str]) -> object:
        return by_arm[first] if len({*by_arm.values()}) == 1 else dict(by_arm)

    return {
        "test items": prepared.hashes[first]["test"],
        "clusters": list(prepared.datasets[first].cluster_names),
        "training items": common({a: hashes["train"] for a, hashes in prepared.hashes.items()}),
        "base model": common({arm: one.identity for arm, one in prepared.models.items()}),
    }


def checkpoint_places(prepared: Prepared, folder: Path) -> dict[str, Checkpoints | None]:
    """Where each run's checkpoints are; only the same run, by as many processes, goes on."""
    from harness.training import Checkpoints

    every = prepared.plan.experiment.resources.checkpoint_every
    root, together = folder / _CHECKPOINTS, f"-{processes()}" if processes() > 1 else ""
    return {
        name: Checkpoints(root / f"{identity[:16]}{together}", every) if every else None
        for name, identity in prepared.fingerprints.items()
    }


def _partial_answers(plan: Plan, folder: Path) -> dict[str, PartialAnswers]:
    """Where each run's test answers are kept while it generates them, if that is asked for."""
    from harness.generation import PartialAnswers

    every = plan.experiment.resources.save_predictions_every
    return {
        run.name: PartialAnswers.of_run(folder / _PARTIAL, run.name, every)
        for run in plan.runs
        if every
    }


def _reused(
    plan: Plan, found: Mapping[str, str], ablation: Ablation, console: Console
) -> list[RunRecord]:
    """Records of the runs that an earlier one with the same fingerprint stands in for."""
    records = []
    for run in plan.runs:
        if run.name in found:
            try:
                records.append(ablation.reuse(run, found[run.name]))
            except TrackingError as error:
                console.print(
                    f"{run.name} is run again: {error.what}", markup=False, soft_wrap=True
                )
    if records:
        console.print(f"{len(records)} of {len(plan.runs)} runs are finished and reused")
    return records


def _until_decided(
    study: Study, todo: Sequence[RunSpec], records: Sequence[RunRecord], console: Console
) -> Iterator[RunSpec]:
    """Runs to be executed, until a look after a round of seeds says that it is enough.

    `records` grows meanwhile: a look is taken when the first run of the next seed is asked for.
    """
    seed = None
    for run in todo:
        if run.seed != seed and is_decided(study, records, cluster_columns(records)):
            console.print("every hypothesis is decided: the seeds that are left are not run")
            return
        seed = run.seed
        yield run


def _execute(
    todo: Iterable[RunSpec],
    most: int,
    records: list[RunRecord],
    prepared: Prepared,
    ablation: Ablation,
    bases: Bases,
    console: Console,
    checkpoints: Mapping[str, Checkpoints | None],
    partial: Mapping[str, PartialAnswers],
) -> None:
    """Execute runs, at most so many, and append each one's record when it has ended."""
    with Progress(most, console) as progress:
        try:
            for record in run_inline(
                todo,
                datasets=prepared.datasets,
                inputs={arm.name: inputs_of(arm, prepared) for arm in prepared.plan.arms},
                ablation=ablation,
                fingerprints=prepared.fingerprints,
                progress=progress,
                bases=bases,
                checkpoints=checkpoints,
                partial=partial,
            ):
                records.append(record)
        except (KeyboardInterrupt, SystemExit):
            progress.say("interrupted; finished runs are kept, the same command goes on from here")
            raise


def _say_left_over(
    root: Path, checkpoints: Mapping[str, Checkpoints | None], console: Console
) -> None:
    """Checkpoints of other plans may be in use by another process, so they are only named."""
    own = {place.folder for place in checkpoints.values() if place is not None}
    others = [one for one in root.glob("*") if one not in own]
    if others:
        text = f"{root} has checkpoints of {len(others)} runs that are not of this plan"
        console.print(text, markup=False, soft_wrap=True)
    elif root.is_dir() and not any(root.iterdir()):
        root.rmdir()


def _say_next(plan: Plan, records: Sequence[RunRecord], console: Console) -> None:
    """How to go on from here: a finished arm by the name that it is asked under."""
    done = [one for one in records if one.predictions is not None]
    if done:
        arm = done[-1].arm.replace(" / ", "/")
        name = shlex.quote(f"{plan.experiment.name}/{arm}/{done[-1].seed}")
        text = f'ask a trained arm: harness predict {name} "question"'
        console.print(text, markup=False, soft_wrap=True)
        console.print("talk to several, side by side: harness playground", markup=False)


def _say_cuts(records: Sequence[RunRecord], console: Console) -> None:
    """Truncation is never silent; it is the same for every seed of an arm."""
    cuts: dict[tuple[str, str], float] = {}
    for record in records:
        for name, meaning in COST_COLUMNS.items():
            if name.endswith("_cut") and record.metrics.get(name):
                cuts[record.arm, meaning] = record.metrics[name]
    for (arm, meaning), number in cuts.items():
        text = f"{arm}: {number:.0f} {meaning}"
        console.print(text, style="yellow", markup=False, soft_wrap=True)
