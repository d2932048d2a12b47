"""From scores and an experiment to comparisons with verdicts.

Joins the plan's contrasts with the score table; the formulas are in `reports.statistics`, the
rules of verdicts in `reports.verdicts`, the sentences in `reports.wording`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.experiment import Hypothesis
from harness.results import RunRecord
from reports.caveats import warnings_of
from reports.comparison import Comparison
from reports.measurement import measure
from reports.noise import NoiseFloor, noise_floors
from reports.opinions import Opinion, second_opinions
from reports.scores import ScoreTable
from reports.statistics import benjamini_hochberg, holm
from reports.study import Study
from reports.verdicts import claim_p_value, decide, needs
from reports.wording import headline, sentence

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
    """

    comparisons: tuple[Comparison, ...]
    exploratory: tuple[Comparison, ...]
    scoreboard: tuple[ScoreRow, ...]
    opinions: tuple[Opinion, ...]
    noise: tuple[NoiseFloor, ...]
    warnings: tuple[str, ...]


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
    declared = study.hypotheses
    pairs = {(h.contrast.name, h.metric) for h in declared}
    contrasts = {h.contrast.name: h.contrast for h in declared}
    others = tuple(
        Hypothesis(contrast, "different", metric)  # type: ignore[arg-type]  # a key of METRICS
        for contrast in contrasts.values()
        for metric in table.metrics
        if (contrast.name, metric) not in pairs
    )
    comparisons = _family(study, table, declared, exploratory=False)
    exploratory = _family(study, table, others, exploratory=True)
    noise = noise_floors(records)
    return Analysis(
        comparisons,
        exploratory,
        _scoreboard(table),
        second_opinions(study, table, np.random.default_rng(_SEED)),
        noise,
        warnings_of(study, table, records, comparisons, noise),
    )


def _family(
    study: Study, table: ScoreTable, hypotheses: Sequence[Hypothesis], *, exploratory: bool
) -> tuple[Comparison, ...]:
    """Comparisons whose p-values are adjusted together."""
    alpha, n_family = study.alpha, len(hypotheses)
    measured = [measure(h.contrast, h.metric, table, 1 - alpha) for h in hypotheses]
    p_values = [
        claim_p_value(m.result, h.claim, h.margin)
        for h, m in zip(hypotheses, measured, strict=True)
    ]
    adjusted = (benjamini_hochberg if exploratory else holm)(p_values)
    family = []
    for h, m, p, p_adjusted in zip(hypotheses, measured, p_values, adjusted, strict=True):
        verdict = decide(m.result.estimate, float(p_adjusted), h.claim, h.margin, alpha)
        lacking = None
        if verdict == "undecided":
            lacking = needs(
                m.result, h.claim, h.margin, alpha=alpha, power=study.power, n_family=n_family
            )
        comparison = Comparison(
            contrast=h.contrast.name,
            kind=h.contrast.kind,
            claim=h.claim,
            metric=h.metric,
            exploratory=exploratory,
            control_mean=m.control_mean,
            treatment_mean=m.treatment_mean,
            p_value=p,
            p_adjusted=float(p_adjusted),
            n_family=n_family,
            verdict=verdict,
            margin=h.margin,
            needed=lacking,
            reason=m.result.reason,
            headline="",
            sentence="",
            **{name: getattr(m.result, name) for name in Comparison.MEASURED},
        )
        comparison = replace(comparison, headline=headline(comparison, h.contrast.levels))
        family.append(replace(comparison, sentence=sentence(comparison)))
    return tuple(family)


def _scoreboard(table: ScoreTable) -> tuple[ScoreRow, ...]:
    rows = []
    for metric in table.metrics:
        for arm, scores in zip(table.arms, table.corpus(metric), strict=True):
            known = scores[~np.isnan(scores)]
            mean = float(known.mean()) if len(known) else NAN
            sd = float(known.std(ddof=1)) if len(known) > 1 else NAN
            rows.append(ScoreRow(arm, metric, mean, sd, len(known)))
    return tuple(rows)
