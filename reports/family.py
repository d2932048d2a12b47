"""Hypotheses that are judged together: measured, corrected for each other, put into words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from harness.experiment import Hypothesis
from harness.metrics import sign_of
from reports.comparison import Comparison
from reports.measurement import measure
from reports.scores import ScoreTable
from reports.statistics import benjamini_hochberg, holm
from reports.study import Study
from reports.verdicts import claim_p_value, decide, needs
from reports.wording import headline, sentence

__all__ = ["judge_family"]

NAN = float("nan")


def judge_family(
    study: Study,
    table: ScoreTable,
    hypotheses: Sequence[Hypothesis],
    *,
    weight: float = 1.0,
    exploratory: bool = False,
    early: bool = False,
) -> tuple[Comparison, ...]:
    """One comparison for each hypothesis, with p-values that are adjusted together.

    Parameters
    ----------
    study : Study
        For its alpha and power.
    table : ScoreTable
    hypotheses : sequence of Hypothesis
        The family.
    weight : float
        Share of alpha that is spent at this look, see `reports.statistics.looks`.
    exploratory : bool
        Corrected by Benjamini-Hochberg instead of Holm.
    early : bool
        Before the first look: nothing is tested, so p-values are unknown.
    """
    alpha, n_family = study.alpha * weight, len(hypotheses)
    measured = [measure(h.contrast, h.metric, table, 1 - alpha) for h in hypotheses]
    p_values = [
        NAN if early else claim_p_value(m.result, h.claim, h.margin, sign_of(h.metric))
        for h, m in zip(hypotheses, measured, strict=True)
    ]
    correct = benjamini_hochberg if exploratory else holm
    adjusted = np.minimum(correct(p_values) / weight, 1.0)  # NaN stays
    family = []
    for h, m, p, p_adjusted in zip(hypotheses, measured, p_values, adjusted, strict=True):
        sign, estimate = sign_of(h.metric), m.result.estimate
        verdict = decide(estimate, float(p_adjusted), h.claim, h.margin, study.alpha, sign)
        lacking = None
        if verdict == "undecided" and not early:
            lacking = needs(
                m.result,
                h.claim,
                h.margin,
                alpha=alpha,
                power=study.power,
                n_family=n_family,
                sign=sign,
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
