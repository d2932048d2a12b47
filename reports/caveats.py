"""What a reader should know before believing the numbers.

Each rule looks at the scores and the records and says nothing or a sentence; no rule
changes a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from harness.experiment.declaration import revisions
from harness.metrics import METRICS
from harness.results import RunRecord
from reports.comparison import Comparison
from reports.noise import NoiseFloor, largest_shift
from reports.scores import ScoreTable
from reports.search import arm_summaries, unlike
from reports.sensitivity import turned
from reports.study import Study
from reports.wording import metric_label, signed

__all__ = ["FEW_CLUSTERS", "warnings_of"]

MOST_NAMED = 6
"""This many runs without scores, or arms, are named one by one."""

FEW_CLUSTERS = 10
"""Below this many outermost clusters the interval leans on few independent pieces of evidence."""


def warnings_of(
    study: Study,
    table: ScoreTable,
    records: Sequence[RunRecord],
    comparisons: Sequence[Comparison],
    noise: Sequence[NoiseFloor],
) -> tuple[str, ...]:
    """Sentences, the weightiest first."""
    return (
        *_missing_runs(table, records),
        *study.notes,
        *_declared_late(study),
        *_processes(records),
        *_tuned_apart(study),
        *_turned(study),
        *_failed_trials(study),
        *_edges(study),
        *_seeds(comparisons),
        *_noise(comparisons, noise),
        *_clusters(table),
        *_unscored(table),
        *_bleu(table),
        *_cut_prompts(records),
    )


def _missing_runs(table: ScoreTable, records: Sequence[RunRecord]) -> Iterator[str]:
    failed = {(r.arm, r.seed): r.reason for r in records if r.status == "failed"}
    present = table.present()
    lost = [(table.arms[a], table.seeds[s]) for a, s in np.argwhere(~present)]
    for run in lost[:MOST_NAMED]:
        why = f"failed: {failed[run]}" if run in failed else "has no scores"
        yield f"The run {run[0]} / seed {run[1]} {why}."
    if len(lost) > MOST_NAMED:
        yield f"In all, {len(lost)} of the {present.size} planned runs have no scores."
    if lost and present.any():
        seeds = sorted({seed for _, seed in lost})
        yield (
            "A comparison uses only the seeds for which all its arms have a run; those that "
            f"need a missing one leave out seed {', '.join(map(str, seeds))}."
        )


def _declared_late(study: Study) -> Iterator[str]:
    late = [one for one in study.history if one.is_late]
    if not late:
        return
    changed = dict.fromkeys(r.path for r in revisions(study.history) if r.declaration in late)
    what = "It was declared"
    if changed:
        what = f"What was declared was changed ({', '.join(changed)})"
    n_known = max(max(one.n_known, one.n_earlier) for one in late)
    yield (
        f"{what} when {n_known} runs of this experiment had results: what is chosen after "
        "results were seen is weaker evidence than its p-value says."
    )


def _processes(records: Sequence[RunRecord]) -> Iterator[str]:
    counts = {int(r.metrics["processes"]) for r in records if "processes" in r.metrics}
    if len(counts) > 1:
        yield (
            "Some runs were trained by one process and some by several "
            f"({', '.join(map(str, sorted(counts)))}): where a batch cannot be shared out evenly, "
            "they saw other items."
        )


def _tuned_apart(study: Study) -> Iterator[str]:
    found = unlike(study.tuning) if study.tuning else ()
    if found:
        parts = [
            f"{one.arm} ({' and '.join(_apart(one.budget, one.usual, one.paths))})" for one in found
        ]
        yield (
            f"The arms were not tuned alike: {_named(parts)}. Part of a difference between them "
            "may be that one was tuned more, or over other values."
        )


def _apart(budget: str, usual: str, paths: Sequence[str]) -> Iterator[str]:
    if budget:
        yield f"{budget} instead of {usual}"
    if paths:
        yield f"another space for {', '.join(paths)}"


def _turned(study: Study) -> Iterator[str]:
    contrasts = {one.name: one for one in study.contrasts.values()}
    found = turned(list(contrasts.values()), study.tuning) if study.tuning else ()
    for one in found:
        yield (
            f"Tuning turns the difference “{one.contrast}” round: on validation items it has "
            "another sign at the file's settings than at the best ones, so that it says as much "
            "about the tuning as about the recipes."
        )


def _failed_trials(study: Study) -> Iterator[str]:
    for row in arm_summaries(study.tuning) if study.tuning else ():
        n_trials = row.n_complete + row.n_pruned + row.n_failed
        if 2 * row.n_failed > n_trials:
            yield (
                f"{row.n_failed} of the {n_trials} trials that tuned {row.arm} failed: it was "
                "tuned less than its budget says."
            )


def _edges(study: Study) -> Iterator[str]:
    rows = arm_summaries(study.tuning) if study.tuning else ()
    ends = {"low": "lower", "high": "upper"}
    found = [
        f"{row.arm} ({', '.join(f'{one.path}, {ends[one.end]} end' for one in row.edges)})"
        for row in rows
        if row.edges
    ]
    if found:
        yield (
            f"The best settings lie on the edge of the searched space: {_named(found)}. Something "
            "better may lie beyond it, so widen the space there and search again."
        )


def _named(parts: Sequence[str]) -> str:
    """The first of some texts, and how many more there are."""
    more = len(parts) - MOST_NAMED
    return "; ".join(parts[:MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")


def _seeds(comparisons: Sequence[Comparison]) -> Iterator[str]:
    counts = [c.n_seeds for c in comparisons if c.n_seeds]
    if not counts:
        return
    if min(counts) == 1:
        yield (
            "With one seed only these trained checkpoints are compared: training again with "
            "another seed may turn the result. Use at least three seeds to judge the recipe."
        )
    elif min(counts) == 2:
        yield (
            "Two seeds say little about the luck of a seed: intervals allow for it by being very "
            "wide, so that only large effects are found. Use at least three seeds."
        )


def _noise(comparisons: Sequence[Comparison], noise: Sequence[NoiseFloor]) -> Iterator[str]:
    for metric in dict.fromkeys(c.metric for c in comparisons):
        floor = largest_shift(noise, metric)
        if not floor > 0:  # unknown, or batching changed no score
            continue
        within = [
            f"{c.contrast} ({signed(c.estimate)})"
            for c in comparisons
            if c.metric == metric and abs(c.estimate) <= floor
        ]
        if within:
            size = signed(floor).removeprefix("+") if floor >= 0.01 else "less than 0.01"
            yield (
                f"The same weights, batched differently, moved {metric_label(metric)} by up to "
                f"{size} points: a difference of this size arises from batching alone. "
                f"No larger: {', '.join(within)}."
            )


def _clusters(table: ScoreTable) -> Iterator[str]:
    n_clusters = len(np.unique(table.outermost)) if table.items else 0
    if table.items and not table.cluster_names:
        yield (
            "Items are taken to be independent of each other, since the data have no article or "
            "other field they are nested in. If they share texts, intervals are too narrow."
        )
    elif 0 < n_clusters < FEW_CLUSTERS:
        name = table.cluster_names[0]
        yield (
            f"The items come from only {n_clusters} different values of “{name}”, so the result "
            "leans on few independent pieces of evidence."
        )


def _unscored(table: ScoreTable) -> Iterator[str]:
    present = table.present()
    by_count: dict[tuple[int, str], list[str]] = {}
    for metric in table.metrics:
        values = table.contributions(metric)[present]
        n_unscored = int(np.isnan(values).any(axis=0).sum()) if len(values) else 0
        needs = METRICS[metric].needs
        why = f"no reference is {needs}" if needs else "unscored"
        by_count.setdefault((n_unscored, why), []).append(metric_label(metric))
    for (n_unscored, why), metrics in by_count.items():
        if n_unscored:
            named = ", ".join(metrics)
            yield f"{n_unscored:,} of {len(table.items):,} items are left out of {named}: {why}."


def _bleu(table: ScoreTable) -> Iterator[str]:
    if "bleu" in table.metrics and table.present().any():
        scores = table.corpus("bleu")[table.present()]
        if not np.nanmax(scores, initial=0.0):
            yield (
                "BLEU is 0 everywhere: no prediction shares four words in a row with a reference. "
                "It is made for longer answers."
            )


def _cut_prompts(records: Sequence[RunRecord]) -> Iterator[str]:
    for column, meaning in (
        ("questions_cut", "test prompts lost more than the field that may be cut"),
        ("prompts_cut", "test prompts lost the end of the field that may be cut"),
        ("targets_cut", "training targets were shortened"),
    ):
        counts = {r.arm: int(r.metrics.get(column, 0)) for r in records if r.metrics.get(column)}
        if counts:
            arms = ", ".join(f"{count:,} in {arm}" for arm, count in counts.items())
            yield f"Too long: {meaning} ({arms})."
