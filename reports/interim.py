"""How far an experiment has come: which of its seeds count, and how strictly they are judged.

An ordinary experiment is judged once, with all its seeds. A sequential one is looked at after each
complete round of seeds, and ends where every hypothesis is decided; which round that is follows
from the scores alone, so a report that is made again comes to the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.results import RunRecord
from reports.family import judge_family
from reports.scores import ScoreTable
from reports.statistics import Look, looks
from reports.study import Study

__all__ = ["Reached", "is_decided", "reached"]


@dataclass(frozen=True)
class Reached:
    """The look that a study has come to.

    Attributes
    ----------
    look : Look
        How many complete seeds it is planned for, and its share of alpha.
    seeds : tuple of int
        Those that are analysed.
    planned : tuple of Look
        All looks of the plan; one for an ordinary experiment.
    stopped : bool
        Every hypothesis was decided before all seeds were trained.
    """

    look: Look
    seeds: tuple[int, ...]
    planned: tuple[Look, ...]
    stopped: bool = False


def reached(study: Study, table: ScoreTable, records: Sequence[RunRecord]) -> Reached:
    """The look that the runs so far allow, the first that decides everything if one does.

    Parameters
    ----------
    study : Study
    table : ScoreTable
        Scores of the study's runs.
    records : sequence of RunRecord
        How they ended; a run without a record has not ended.

    Returns
    -------
    Reached
        Between two looks, or with runs still to come, the next look's share of alpha.
    """
    n_planned = len(study.seeds)
    if not study.sequential:
        only = Look(n_planned, 1.0)
        return Reached(only, study.seeds, (only,))
    planned = looks(n_planned)
    there = table.present()
    complete = tuple(seed for n, seed in enumerate(table.seeds) if there[:, n].all())
    for look in planned[:-1]:
        seeds = complete[: look.n_seeds]
        if len(seeds) < look.n_seeds:
            if _all_ended(study, records):
                break
            return Reached(look, study.seeds, planned)
        if _all_decided(study, table.subset(seeds=seeds), look):
            return Reached(look, seeds, planned, stopped=True)
    return Reached(planned[-1], study.seeds, planned)


def is_decided(study: Study, records: Sequence[RunRecord], cluster_names: Sequence[str]) -> bool:
    """Whether a sequential study needs no more seeds."""
    if not study.sequential:
        return False
    table = ScoreTable.from_records(records, study, cluster_names)
    return reached(study, table, records).stopped


def _all_decided(study: Study, table: ScoreTable, look: Look) -> bool:
    family = judge_family(study, table, study.hypotheses, weight=look.weight)
    return all(one.verdict != "undecided" for one in family)


def _all_ended(study: Study, records: Sequence[RunRecord]) -> bool:
    ended = {(r.arm, r.seed) for r in records if r.status != "missing"}
    return all((arm, seed) in ended for arm in study.arms for seed in study.seeds)
