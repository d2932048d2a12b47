"""How small a difference a plan could show, and how large it would have to be: lines of text.

The arithmetic is `reports.statistics.power`'s; here it meets a plan, its items, and, as a pilot,
an earlier ablation whose spread takes the place of assumptions.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.data.messages import counted
from harness.errors import TrackingError
from harness.experiment import Hypothesis, Plan
from harness.metrics import METRICS
from harness.preparation import Prepared
from harness.results import RunRecord, cluster_columns
from reports.statistics import (
    CLUSTER_SD,
    FIRST_LOOK,
    ITEM_SD,
    SEED_SD,
    PairedDifference,
    Variances,
    assumed_variances,
    detectable_effect,
    looks,
    measured_variances,
    required_size,
)

__all__ = ["Pilot", "detectable_lines", "read_pilot"]

SEEDS = (2, 3, 5, 8, 12, 20)
"""Numbers of seeds that the table shows, besides the plan's own."""


@dataclass(frozen=True)
class Pilot:
    """An earlier ablation whose spread is taken for that of a new one.

    Attributes
    ----------
    name : str
        For people.
    results : tuple of (contrast name, metric, PairedDifference)
        What was measured there, of every contrast on every metric.
    seconds_per_run : float
        Mean wall time of training and generating, NaN if unknown.
    """

    name: str
    results: tuple[tuple[str, str, PairedDifference], ...]
    seconds_per_run: float


def read_pilot(name: str, tracking_uri: str | None) -> Pilot:
    """Read an ablation as a pilot.

    Parameters
    ----------
    name : str
        As for `harness.tracking.load_ablation`.
    tracking_uri : str or None
        As for `harness.tracking.open_store`.

    Raises
    ------
    TrackingError
        There is no such ablation, or it has no results with a spread.
    """
    from harness.reporting import plan_of_stored
    from harness.tracking import load_ablation, open_store
    from reports.measurement import measure
    from reports.scores import ScoreTable
    from reports.study import study_of

    store = open_store(tracking_uri, must_exist=True)
    stored = load_ablation(store, name)
    study = study_of(plan_of_stored(stored))
    table = ScoreTable.from_records(stored.records, study, cluster_columns(stored.records))
    found = tuple(
        (hypothesis.contrast.name, metric, result)
        for hypothesis in study.hypotheses
        for metric in table.metrics
        if (result := measure(hypothesis.contrast, metric, table).result).se > 0
    )
    if not found:
        raise TrackingError(
            "this ablation has no difference with a spread, so it cannot be a pilot",
            where=f"--pilot {name}",
            got=f"{sum(r.predictions is not None for r in stored.records)} of"
            f" {len(stored.records)} runs with results",
            allowed="an ablation with items from at least two clusters and, better, several seeds",
        )
    return Pilot(f"{stored.name} ({stored.run_id[:12]})", found, _seconds(stored.records))


def detectable_lines(prepared: Prepared, pilot: Pilot | None) -> Iterator[str]:
    """What the plan could detect, for each hypothesis if there is a pilot, and what it would take.

    Parameters
    ----------
    prepared : Prepared
    pilot : Pilot or None
        Without one, the assumptions of `analysis.planning` hold for all hypotheses.
    """
    plan, analysis = prepared.plan, prepared.plan.experiment.analysis
    n = len(plan.hypotheses)
    corrected = f", corrected for {n} hypotheses" if n > 1 else ""
    if analysis.sequential:
        yield from _looks(prepared)
        corrected += ", at the last look"
    yield f"with power {analysis.power:g} at alpha {analysis.alpha:g}{corrected}:"
    if pilot is None:
        yield from _block(prepared, plan.hypotheses, _assumed(prepared), None)
        assumed = analysis.planning
        sds = [
            default if own is None else own
            for own, default in (
                (assumed.item_sd, ITEM_SD),
                (assumed.cluster_sd, CLUSTER_SD),
                (assumed.seed_sd, SEED_SD),
            )
        ]
        yield (
            f"  assumes paired differences of two arms with a standard deviation of {sds[0]:g}"
            f" points between items, {sds[1]:g} between clusters, {sds[2]:g} between seeds"
            " (analysis.planning); --pilot RUN takes an earlier ablation's instead"
        )
    else:
        yield f"  with the spread of the pilot {pilot.name}"
        n_seeds = max(result.n_seeds for _, _, result in pilot.results)
        if 1 < n_seeds < 5:
            yield (
                f"  (its {n_seeds} seeds know the spread between seeds roughly: take the numbers"
                " as an order of magnitude)"
            )
        for hypothesis in plan.hypotheses:
            result, note = _of_pilot(pilot, hypothesis)
            variances = measured_variances(result)
            if variances.scope == "checkpoints" and len(plan.experiment.seeds) > 1:
                seed_sd = analysis.planning.seed_sd
                seed_sd = SEED_SD if seed_sd is None else seed_sd
                variances = variances._replace(seed=seed_sd**2, scope="recipe")
                note += f" (it has one seed: {seed_sd:g} points between seeds are assumed)"
            yield f"  {hypothesis.contrast.name}{note}:"
            for line in _block(prepared, [hypothesis], variances, pilot):
                yield f"  {line}"
    if len(plan.experiment.seeds) == 1:
        yield "  one seed: conclusions will hold for these checkpoints, not for the recipe"


def _looks(prepared: Prepared) -> Iterator[str]:
    plan = prepared.plan
    planned, alpha = looks(len(plan.experiment.seeds)), plan.experiment.analysis.alpha
    at = ", ".join(f"{look.n_seeds} (alpha {alpha * look.weight:.3g})" for look in planned)
    fewest, most = (look.n_seeds * len(plan.arms) for look in (planned[0], planned[-1]))
    yield f"looks after complete seeds: {at}; stops when all is decided: {fewest} to {most} runs"
    yield ""


def _assumed(prepared: Prepared) -> Variances:
    planning = prepared.plan.experiment.analysis.planning
    sds = planning.model_dump(exclude={"effect"}, exclude_none=True)
    dataset = next(iter(prepared.datasets.values()))
    sizes = Counter(item.clusters[0] if item.clusters else item.id for item in dataset.test)
    return assumed_variances(list(sizes.values()), **sds)


def _of_pilot(pilot: Pilot, hypothesis: Hypothesis) -> tuple[PairedDifference, str]:
    """The pilot's result for a hypothesis, or the nearest there is, and a note on which."""
    name, metric = hypothesis.contrast.name, hypothesis.metric
    found = {(contrast, of): result for contrast, of, result in pilot.results}
    if (name, metric) in found:
        return found[name, metric], ""
    same = [key for key in found if key[0] == name] or [key for key in found if key[1] == metric]
    contrast, of = (same or list(found))[0]
    note = f" (not in the pilot, or without a spread; taken from {contrast}, {METRICS[of].label})"
    return found[contrast, of], note


def _block(
    prepared: Prepared,
    hypotheses: Sequence[Hypothesis],
    variances: Variances,
    pilot: Pilot | None,
) -> Iterator[str]:
    plan, analysis = prepared.plan, prepared.plan.experiment.analysis
    weight = looks(len(plan.experiment.seeds))[-1].weight if analysis.sequential else 1.0
    level = 1 - analysis.alpha * weight / len(plan.hypotheses)
    n_items = len(next(iter(prepared.datasets.values())).test)
    own, n_arms = len(plan.experiment.seeds), len(plan.arms)
    several = variances.scope == "recipe"
    counts = sorted({own, *SEEDS}) if several and own > 1 else [own]
    if analysis.sequential:
        counts = [n for n in counts if n > FIRST_LOOK]

    def effect(n_seeds: int, items: int) -> str:
        found = detectable_effect(variances, n_seeds, items, level=level, power=analysis.power)
        if math.isnan(found):
            return "unknown"
        return f"{found:.1f}" if found <= 100 else "> 100"

    yield (
        f"  smallest detectable effect: about {effect(own, n_items)} points"
        f" ({counted(own, 'seed')}, {n_items:,} test items)"
    )
    yield "    seeds            " + "".join(f"{n:>8}" for n in counts)
    yield "    runs             " + "".join(f"{n * n_arms:>8}" for n in counts)
    if pilot is not None and not math.isnan(pilot.seconds_per_run):
        seconds = [n * n_arms * pilot.seconds_per_run for n in counts]
        unit, size = ("hours", 3600) if seconds[-1] > 7200 else ("minutes", 60)
        yield f"    {f'{unit}, as pilot':<17}" + "".join(
            f"{s / size:>8.{0 if s >= 10 * size else 1}f}" for s in seconds
        )
    for growth in (1, 2, 4):
        row = "".join(f"{effect(n, growth * n_items):>8}" for n in counts)
        yield f"    {growth * n_items:>9,} items  {row}"
    for hypothesis in hypotheses:
        yield from _required(prepared, hypothesis, variances, level, n_items)


def _required(
    prepared: Prepared, hypothesis: Hypothesis, variances: Variances, level: float, n_items: int
) -> Iterator[str]:
    """What it takes to find the effect that matters, or to show that there is none."""
    plan, analysis = prepared.plan, prepared.plan.experiment.analysis
    distance = hypothesis.margin or analysis.planning.effect
    if distance is None:
        return
    # to be inside both margins, the estimate has to miss neither
    power = (1 + analysis.power) / 2 if hypothesis.claim == "equivalent" else analysis.power
    own = len(plan.experiment.seeds)
    needed = required_size(variances, distance, own, n_items, level=level, power=power)
    ways = []
    if needed.seeds and variances.scope == "recipe":
        ways.append(f"{needed.seeds} seeds ({needed.seeds * len(plan.arms)} runs)")
    if needed.items:
        ways.append(f"{needed.items:,} test items with {counted(own, 'seed')}")
    what = (
        f"{hypothesis.claim} within {distance:g} points if there is no difference"
        if hypothesis.margin
        else f"a difference of {distance:g} points"
    )
    takes = " or ".join(ways) or _together(plan, variances, distance, n_items, level, power)
    yield f"    to show {what} ({hypothesis.contrast.name}): {takes}"


def _together(
    plan: Plan, variances: Variances, distance: float, n_items: int, level: float, power: float
) -> str:
    """The fewest more items with which some number of seeds would do."""
    own = len(plan.experiment.seeds)
    for growth in (2, 4, 8, 16, 32):
        items = growth * n_items
        needed = required_size(variances, distance, own, items, level=level, power=power)
        if needed.seeds and variances.scope == "recipe":
            return (
                f"{needed.seeds} seeds ({needed.seeds * len(plan.arms)} runs) with {items:,} items"
            )
    return "no practical number of seeds alone, or of items alone"


def _seconds(records: Sequence[RunRecord]) -> float:
    times = [
        r.metrics["train_seconds"] + r.metrics.get("generate_seconds", 0.0)
        for r in records
        if "train_seconds" in r.metrics
    ]
    return sum(times) / len(times) if times else math.nan
