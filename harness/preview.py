"""What `harness plan` prints: runs, sizes, hypotheses, what could be detected and is trained.

Loads items, but no weights and no MLflow, so that it answers in about a second; only what is
trained comes some seconds later, since the libraries that know it take that long to load.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from harness.errors import UnreachableError
from harness.experiment import Plan, changed_paths, load_experiment, make_plan
from harness.fitting import check_fit, notes
from harness.planning import Pilot, detectable_lines, read_pilot
from harness.preparation import Prepared, asked_of_the_hub, prepare
from harness.tracking.glance import finished_fingerprints

__all__ = ["plan_text", "print_plan"]


def print_plan(
    file: str, assignments: Sequence[str], *, tracking_uri: str | None, pilot: str | None = None
) -> None:
    """Print the plan of an experiment file.

    Parameters
    ----------
    file : str
    assignments : sequence of str
        `PATH=VALUE` overrides of it.
    tracking_uri : str or None
        As for `harness.tracking.open_store`.
    pilot : str, optional
        An earlier ablation whose spread is used for planning, as for
        `harness.tracking.load_ablation`.

    Raises
    ------
    ExperimentError, DataError, ModelError, TrackingError
        The experiment cannot be run as it is, or there is no such pilot. Data or models that are
        on a hub which cannot be reached now are no error: what depends on them is said to be
        unknown.
    """
    plan = make_plan(load_experiment(file, assignments))
    for name in asked_of_the_hub(plan):
        print(f"asking the hub for {name}", file=sys.stderr)
    if pilot:
        print(f"reading the pilot {pilot}", file=sys.stderr)
    earlier = read_pilot(pilot, tracking_uri) if pilot else None
    for line in plan_text(plan, tracking_uri, earlier):
        print(line, flush=True)


def plan_text(plan: Plan, tracking_uri: str | None, pilot: Pilot | None = None) -> Iterator[str]:
    """Lines of the plan, for a terminal."""
    experiment = plan.experiment
    yield f"{experiment.name}: {experiment.question}"
    yield ""
    for name, factor in experiment.factors.items():
        treatments = ", ".join(factor.treatments)
        yield f"factor {name}: {factor.control_label} (control), {treatments}"
    yield f"differs between arms: {', '.join(changed_paths(plan.arms))}"
    yield (
        f"{len(plan.arms)} arms × {len(experiment.seeds)} seeds "
        f"({', '.join(map(str, experiment.seeds))}) = {len(plan.runs)} runs"
    )
    yield ""
    prepared = None
    try:
        prepared = prepare(plan)
    except UnreachableError as error:
        yield f"sizes, reuse and detectable effect are unknown: {error}"
    if prepared:
        yield from _sizes(prepared)
        yield ""
        yield from _runs(prepared, tracking_uri)
    yield ""
    yield from _hypotheses(plan)
    if experiment.search is not None:
        yield ""
        yield from _search(plan)
    if prepared:
        yield ""
        yield from detectable_lines(prepared, pilot)
        yield ""
        yield from _trained(prepared)


def _sizes(prepared: Prepared) -> Iterator[str]:
    distinct = {id(dataset): dataset for dataset in prepared.datasets.values()}
    for dataset in distinct.values():
        arms = [arm for arm, one in prepared.datasets.items() if one is dataset]
        whose = "data" if len(distinct) == 1 else f"data of {', '.join(arms)}"
        yield (
            f"{whose}: {len(dataset.train):,} training, {len(dataset.validation):,} validation,"
            f" {len(dataset.test):,} test items"
        )
        yield from (f"  {note}" for note in dataset.notes)
    for identity in dict.fromkeys(source.location for source in prepared.models.values()):
        yield f"base model: {identity}"


def _runs(prepared: Prepared, tracking_uri: str | None) -> Iterator[str]:
    finished = finished_fingerprints(tracking_uri)
    if finished is None:
        yield "runs (whether earlier ones can be reused shows when the ablation starts):"
    else:
        reused = sum(f in finished for f in prepared.fingerprints.values())
        yield f"runs ({reused} of {len(prepared.plan.runs)} are finished and would be reused):"
    for run in prepared.plan.runs:
        identity = prepared.fingerprints[run.name]
        reuse = "  reused" if finished and identity in finished else ""
        yield f"  {run.name}  {identity[:12]}{reuse}"


def _hypotheses(plan: Plan) -> Iterator[str]:
    from harness.metrics import METRICS

    yield f"hypotheses (Holm over all of them, alpha {plan.experiment.analysis.alpha:g}):"
    for number, one in enumerate(plan.hypotheses, start=1):
        margin = f" with margin {one.margin:g} points" if one.margin else ""
        label = METRICS[one.metric].label
        yield f"  {number}. {one.contrast.name}: {one.claim}{margin} ({label})"


def _search(plan: Plan) -> Iterator[str]:
    from harness.search.space import check_space

    search = check_space(plan)
    budgets = {arm.name: search.for_arm(arm.name) for arm in plan.arms}
    metric = search.metric or plan.experiment.analysis.primary
    yield (
        f"search (`harness search`, then `harness ablation --tuned`): {search.sampler}, pruner"
        f" {search.pruner}, validation {metric.removeprefix('validation_')}"
    )
    spent = {
        arm: f"{one.trials} trials" if one.seconds is None else f"{one.seconds:g} s"
        for arm, one in budgets.items()
    }
    seeds = "" if len(search.seeds) == 1 else f" of {len(search.seeds)} trainings each"
    if len({*spent.values()}) == 1:
        yield f"  {next(iter(spent.values()))}{seeds} in each of {len(spent)} arms"
    else:
        yield from (f"  {arm}: {budget}{seeds}" for arm, budget in spent.items())
    for path, one in search.space.items():
        yield f"  {path}: {one}"


def _trained(prepared: Prepared) -> Iterator[str]:
    yield "trained parameters (looking at the models takes some seconds):"
    arms_by_text: dict[str, list[str]] = {}
    for arm in prepared.plan.arms:
        models, datasets = prepared.models, prepared.datasets
        text = str(check_fit(arm.config, models[arm.name], datasets[arm.name]))
        arms_by_text.setdefault(text, []).append(arm.name)
    for text, arms in arms_by_text.items():
        whose = "all arms" if len(arms) == len(prepared.plan.arms) else "; ".join(arms)
        yield f"  {whose}: {text}"
    for arm in prepared.plan.arms:
        for note in notes(arm.config, len(prepared.datasets[arm.name].train)):
            yield f"note on {arm.name}: {note}"
