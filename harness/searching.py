"""A search from its file to each arm's best settings: prepare, try, track, sum up.

The one place where plan, studies and tracking meet; each of them is elsewhere. Test items end
here: what tries settings gets the training and validation items of an arm, and nothing else.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from typing import get_args

from rich.console import Console

from harness.errors import ExperimentError
from harness.executors.bases import Bases
from harness.experiment import RunSpec, load_experiment, make_plan
from harness.experiment.tuning import ArmTuning, TrialState, Tuning
from harness.fitting import checked_bases
from harness.preparation import Prepared, asked_of_the_hub, inputs_of, prepare
from harness.progress import Progress
from harness.reporting import output_folder
from harness.search import (
    ArmStudy,
    Attempts,
    arm_tuning,
    check_apart,
    check_space,
    logged_name,
    metric_name,
    metric_of,
    open_storage,
    storage_url,
    studies_of,
    tuning_of,
    where_is,
    work_on,
)
from harness.tracking import TrackedSearch, open_store, start_search, tags
from harness.training.arguments import processes

__all__ = ["run_search"]


def run_search(
    file: str,
    assignments: Sequence[str] = (),
    *,
    storage: str | None = None,
    output: str | None = None,
    tracking_uri: str | None = None,
) -> int:
    """Search each arm's best settings on the validation items.

    Started again, it goes on; started several times at once, the workers share the trials.

    Parameters
    ----------
    file : str
        The experiment file.
    assignments : sequence of str
        `PATH=VALUE` overrides of it.
    storage : str, optional
        As for `harness.search.storage_url`.
    output : str, optional
        Folder of the results; `results/NAME` when left out.
    tracking_uri : str, optional
        As for `harness.tracking.open_store`.

    Returns
    -------
    int
        0 when every arm has a best trial, 1 when some arm's trials have all failed.

    Raises
    ------
    InputError
        Something that was given cannot be used; no trial was begun.
    """
    console = Console(stderr=True, highlight=False)
    _check_alone()
    plan = make_plan(load_experiment(file, assignments))
    search = check_space(plan)
    for name in asked_of_the_hub(plan):
        console.print(f"asking the hub for {name}", markup=False, soft_wrap=True)
    prepared = prepare(plan)
    for note in dict.fromkeys(n for one in prepared.datasets.values() for n in one.notes):
        console.print(f"data: {note}", markup=False, soft_wrap=True)
    for dataset in prepared.datasets.values():
        check_apart(dataset)
    folder = output_folder(output, plan.experiment.name)
    url = storage_url(storage)
    kept = open_storage(url)
    console.print(f"studies: {where_is(url)}", markup=False, soft_wrap=True)
    studies = studies_of(prepared, search, kept)
    todo = [RunSpec(one.arm, search.seeds[0]) for one in studies.values() if not one.is_spent()]
    items = {name: dataset.for_training for name, dataset in prepared.datasets.items()}
    bases = checked_bases(todo, prepared, console, items)
    console.print("opening the tracking store (making a new one takes some seconds)")
    metric = metric_of(plan, search)
    with start_search(open_store(tracking_uri), plan) as tracked:
        for one in studies.values():
            _spend(one, metric, prepared, bases, tracked, console)
        tuning = tuning_of(studies, search, metric, where_is(url))
        best = {
            f"best {logged_name(metric)} {name}": one.best_trial.value
            for name, one in tuning.arms.items()
            if one.best_trial is not None and one.best_trial.value is not None
        }
        tracked.finish(tuning, best, "\n".join(f"- {line}" for line in _lines(tuning)))
    place = folder / tags.TUNING_FILE
    place.write_text(tuning.model_dump_json(indent=2) + "\n", encoding="utf-8")
    print("\n".join(_lines(tuning)))
    print(f"all trials: {place}")
    found = all(one.best is not None for one in tuning.arms.values())
    if found:
        same = [part for text in assignments for part in ("--set", text)]
        same += ["--storage", where_is(url)] if storage else []
        command = shlex.join(["harness", "ablation", file, "--tuned", *same])
        print(f"compare the arms at these settings: {command}")
    return 0 if found else 1


def _spend(
    one: ArmStudy,
    metric: str,
    prepared: Prepared,
    bases: Bases,
    tracked: TrackedSearch,
    console: Console,
) -> None:
    """Work on one arm until its budget is spent."""
    arm, now = one.arm, one.count()
    if one.is_spent():
        text = f"{arm.name}: all of its {now.done} trials are done"
        console.print(text, markup=False, soft_wrap=True)
        return
    inputs = inputs_of(arm, prepared, ("train", "validation"))
    known = one.study.user_attrs.get("mlflow_run")
    run_id = tracked.study(arm, one.study.study_name, known, inputs)
    if run_id != known:
        one.study.set_user_attr("mlflow_run", run_id)
    left = None if one.search.trials is None else one.search.trials - now.done - now.running
    items, source = prepared.datasets[arm.name].for_training, prepared.models[arm.name]
    with Progress(left, console) as progress:
        try:
            work_on(
                one,
                Attempts(one, items, metric, source, bases, tracked, run_id, progress),
                lambda n: progress.say(f"{arm.name}: waiting for {n} trials of other workers"),
            )
        except (KeyboardInterrupt, SystemExit):
            progress.say("interrupted; ended trials are kept, the same command goes on from here")
            raise
    found = arm_tuning(one)
    numbers = Counter(trial.state for trial in found.trials)
    metrics = {f"trials_{state}": float(numbers[state]) for state in get_args(TrialState)}
    if found.best_trial is not None and found.best_trial.value is not None:
        metrics[f"best_{logged_name(metric)}"] = found.best_trial.value
    # Workers that began it at the same moment may have a run each, and one of them may be dead.
    for run in dict.fromkeys([run_id, one.study.user_attrs.get("mlflow_run", run_id)]):
        tracked.end_study(run, metrics, _line(arm.name, found, metric))


def _lines(tuning: Tuning) -> list[str]:
    return [_line(name, one, tuning.metric) for name, one in tuning.arms.items()]


def _line(arm: str, found: ArmTuning, metric: str) -> str:
    best = found.best_trial
    if best is None or best.value is None:
        return f"{arm}: none of {len(found.trials)} trials has a score"
    settings = ", ".join(f"{path}={_short(value)}" for path, value in best.params.items())
    default = found.default_trial
    own = ""
    if default is not None and default.value is not None:
        own = f" (the file's own settings: {default.value:.4g})"
    head = f"{arm}: best of {len(found.trials)} trials: {metric_name(metric)} {best.value:.4g}"
    return f"{head}{own} with {settings}"


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _check_alone() -> None:
    if processes() > 1:
        raise ExperimentError(
            "a search does not train with several processes together",
            where="WORLD_SIZE",
            got=f"{processes()} processes",
            fix="start `harness search` several times instead: the workers share the trials",
        )
