"""How far an experiment has come: which of its seeds count, and how strictly they are judged.

An ordinary experiment is judged once, with all its seeds. A sequential one is looked at after each
complete round of seeds, and ends where every hypothesis is decided; which round that is follows
from the scores alone, so a report that is made again comes to the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

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
        Of how many complete seeds, and its share of alpha.
    seeds : tuple of int
        Those that are analysed.
    planned : tuple of Look
        All looks of the plan; one for an ordinary experiment.
    state : {"final", "stopped", "interim", "early"}
        `final`: all seeds have ended. `stopped`: every hypothesis was decided before that.
        `interim`: seeds are to come, and this is the last look that was due. `early`: seeds are
        to come, and no look was due yet, so nothing may be decided.
    n_left_out : int
        Runs of other seeds that have scores, which count in no look.
    """

    look: Look
    seeds: tuple[int, ...]
    planned: tuple[Look, ...]
    state: Literal["final", "stopped", "interim", "early"] = "final"
    n_left_out: int = 0


def reached(study: Study, table: ScoreTable, records: Sequence[RunRecord]) -> Reached:
    """The look that the runs so far allow, the first that decides everything if one does.

    Parameters
    ----------
    study : Study
    table : ScoreTable
        Scores of the study's runs.
    records : sequence of RunRecord
        How they ended; a run without a record has not ended.

    Notes
    -----
    The look after n seeds is at the first n of the plan. Which seeds it sees must not depend on
    which of them failed, or were there from an earlier experiment: looks at other seeds would be
    looks that the plan did not allow for.
    """
    if not study.sequential:
        only = Look(len(study.seeds), 1.0)
        return Reached(only, study.seeds, (only,))
    planned, there = looks(len(study.seeds)), table.present()
    n_complete = 0
    while n_complete < len(study.seeds) and there[:, n_complete].all():
        n_complete += 1
    due = [look for look in planned[:-1] if look.n_seeds <= n_complete]
    for look in due:
        seeds = study.seeds[: look.n_seeds]
        if _all_decided(study, table.subset(seeds=seeds), look):
            left_out = int(there[:, look.n_seeds :].sum())
            return Reached(look, seeds, planned, "stopped", left_out)
    if _all_ended(study, records):
        return Reached(planned[-1], study.seeds, planned)
    if not due:
        return Reached(planned[0], study.seeds, planned, "early")
    left_out = int(there[:, due[-1].n_seeds :].sum())
    return Reached(due[-1], study.seeds[: due[-1].n_seeds], planned, "interim", left_out)


def is_decided(study: Study, records: Sequence[RunRecord], cluster_names: Sequence[str]) -> bool:
    """Whether a sequential study needs no more seeds."""
    if not study.sequential:
        return False
    table = ScoreTable.from_records(records, study, cluster_names)
    return reached(study, table, records).state == "stopped"


def _all_decided(study: Study, table: ScoreTable, look: Look) -> bool:
    family = judge_family(study, table, study.hypotheses, weight=look.weight)
    return all(one.verdict != "undecided" for one in family)


def _all_ended(study: Study, records: Sequence[RunRecord]) -> bool:
    ended = {(r.arm, r.seed) for r in records if r.status != "missing"}
    return all((arm, seed) in ended for arm in study.arms for seed in study.seeds)
