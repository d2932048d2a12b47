"""From scores and an experiment to comparisons with verdicts.

Joins the plan's contrasts with the score table; the formulas are in `reports.statistics`, the
rules of verdicts in `reports.verdicts`, the sentences in `reports.wording`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.experiment import Hypothesis
from harness.results import RunRecord
from reports.caveats import warnings_of
from reports.comparison import Comparison
from reports.family import judge_family
from reports.interim import Reached, reached
from reports.noise import NoiseFloor, noise_floors
from reports.opinions import Opinion, second_opinions
from reports.overlap import Cleaned, without_overlap
from reports.scores import ScoreTable
from reports.slices import SliceResult, slice_results
from reports.study import Study

__all__ = ["Analysis", "ScoreRow", "analyse"]

NAN = float("nan")
_SEED = 0  # of what is drawn for second opinions, so that a report made again is the same


@dataclass(frozen=True)
class ScoreRow:
    """One metric of one arm, over its seeds.

    Attributes
    ----------
    arm, metric : str
    mean, sd : float
        Of the corpus score over seeds (0-100); `sd` is NaN with one seed, both with none.
    n_seeds : int
        Seeds that have a finished run.
    """

    arm: str
    metric: str
    mean: float
    sd: float
    n_seeds: int


@dataclass(frozen=True)
class Analysis:
    """What an experiment showed.

    Attributes
    ----------
    comparisons : tuple of Comparison
        The declared hypotheses, in order; p-values adjusted by Holm over this family.
    exploratory : tuple of Comparison
        The same contrasts on the other metrics; p-values adjusted by Benjamini-Hochberg.
    scoreboard : tuple of ScoreRow
    opinions : tuple of Opinion
        Other tests of the declared hypotheses, which decide nothing.
    noise : tuple of NoiseFloor
        Of the runs that answered twice; empty without any.
    warnings : tuple of str
        What a reader should know before believing it, the weightiest first.
    reached : Reached
        The seeds that all of this rests on, and what is left of alpha for them.
    slices : tuple of SliceResult
        The declared contrasts on parts of the test items.
    cleaned : tuple of Cleaned
        The declared contrasts without items that overlap with training; empty if there are none.
    """

    comparisons: tuple[Comparison, ...]
    exploratory: tuple[Comparison, ...]
    scoreboard: tuple[ScoreRow, ...]
    opinions: tuple[Opinion, ...]
    noise: tuple[NoiseFloor, ...]
    warnings: tuple[str, ...]
    reached: Reached
    slices: tuple[SliceResult, ...]
    cleaned: tuple[Cleaned, ...]


def analyse(study: Study, table: ScoreTable, records: Sequence[RunRecord]) -> Analysis:
    """Test the declared hypotheses and explore the other metrics.

    Parameters
    ----------
    study : Study
    table : ScoreTable
        Scores of the study's runs.
    records : sequence of RunRecord
        How the runs ended, for warnings and the noise floor.

    Returns
    -------
    Analysis
    """
    at = reached(study, table, records)
    table = table.subset(seeds=at.seeds)
    records = [record for record in records if record.seed in at.seeds]
    declared, weight, background = study.hypotheses, at.look.weight, study.background
    pairs = {(h.contrast.name, h.metric) for h in declared}
    contrasts = {h.contrast.name: h.contrast for h in declared}
    others = tuple(
        Hypothesis(contrast, "different", metric)  # type: ignore[arg-type]  # a key of METRICS
        for contrast in contrasts.values()
        for metric in table.metrics
        if (contrast.name, metric) not in pairs
    )
    early = at.state == "early"
    comparisons = judge_family(study, table, declared, weight=weight, early=early)
    exploratory = judge_family(study, table, others, weight=weight, exploratory=True, early=early)
    noise = noise_floors(records)
    return Analysis(
        comparisons,
        exploratory,
        _scoreboard(table),
        second_opinions(study, table, np.random.default_rng(_SEED)),
        noise,
        (*_at_this_look(at), *warnings_of(study, table, records, comparisons, noise)),
        at,
        slice_results(study, table, background, weight) if background and not early else (),
        without_overlap(study, table, background, weight) if background else (),
    )


def _at_this_look(at: Reached) -> Iterator[str]:
    n_planned = at.planned[-1].n_seeds
    if at.state == "stopped":
        yield (
            f"Judged after {at.look.n_seeds} of {n_planned} planned seeds, when every "
            "hypothesis was decided. Luck makes ending early likelier, so the differences are "
            "on average somewhat smaller than they look here."
        )
    if at.state == "early":
        yield (
            f"Nothing is decided yet: the plan's first look is after {at.look.n_seeds} complete "
            "seeds."
        )
    if at.state == "interim":
        yield (
            f"Not all seeds have run: this is the look after the first {at.look.n_seeds} of "
            f"{n_planned} seeds."
        )
    if at.n_left_out:
        yield f"{at.n_left_out} runs of later seeds have scores, which this look does not count."


def _scoreboard(table: ScoreTable) -> tuple[ScoreRow, ...]:
    rows = []
    for metric in table.metrics:
        for arm, scores in zip(table.arms, table.corpus(metric), strict=True):
            known = scores[~np.isnan(scores)]
            mean = float(known.mean()) if len(known) else NAN
            sd = float(known.std(ddof=1)) if len(known) > 1 else NAN
            rows.append(ScoreRow(arm, metric, mean, sd, len(known)))
    return tuple(rows)
