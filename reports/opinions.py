"""Second opinions: tests that assume less, of the declared comparisons.

They speak about the trained checkpoints on other items of this kind; the luck of a seed is not
part of them, and no verdict comes from them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from harness.experiment import Hypothesis
from harness.metrics import METRICS
from harness.metrics.mean import mean_score
from reports.measurement import paired_scores
from reports.scores import ScoreTable
from reports.statistics import mcnemar, sign_flip
from reports.study import Study

__all__ = ["Opinion", "second_opinions"]

_RIGHT = 50.0  # EM is 0 or 100


class Opinion(NamedTuple):
    """One test of one declared comparison.

    Attributes
    ----------
    contrast, metric : str
        The comparison.
    test : str
        What was done, in words.
    p_value : float
        Two-sided and not corrected; against zero, or for claims with a margin against the
        margin (the larger of the two for `equivalent`).
    """

    contrast: str
    metric: str
    test: str
    p_value: float


def second_opinions(
    study: Study, table: ScoreTable, rng: np.random.Generator
) -> tuple[Opinion, ...]:
    """Sign-flip tests by cluster, and McNemar's for EM where items are independent.

    Parameters
    ----------
    study : Study
    table : ScoreTable
        Scores of the study's runs.
    rng : numpy.random.Generator
        Draws assignments of signs where there are many clusters.

    Returns
    -------
    tuple of Opinion
        None for metrics that are no mean of items (BLEU), and for comparisons without scores.
    """
    found = []
    for hypothesis in study.hypotheses:
        if METRICS[hypothesis.metric].corpus is not mean_score:
            continue
        weights, values = paired_scores(hypothesis.contrast, hypothesis.metric, table)
        differences = np.tensordot(weights, values, axes=1)
        if not differences.size:
            continue
        found.append(_sign_flip(hypothesis, differences.mean(axis=0), table, rng))
        if hypothesis.metric == "em" and len(weights) == 2:
            found += _mcnemar(hypothesis, differences, table)
    return tuple(one for one in found if not np.isnan(one.p_value))


def _sign_flip(
    hypothesis: Hypothesis,
    differences: np.ndarray[tuple[int], np.dtype[np.float64]],
    table: ScoreTable,
    rng: np.random.Generator,
) -> Opinion:
    margin = hypothesis.margin or 0.0
    nulls = {"non_inferior": (-margin,), "equivalent": (-margin, margin)}
    tests = [
        sign_flip(differences, table.outermost, rng=rng, null_value=null)
        for null in nulls.get(hypothesis.claim, (0.0,))
    ]
    how = "all" if tests[0].exact else f"{tests[0].n_flips:,} random"
    return Opinion(
        hypothesis.contrast.name,
        hypothesis.metric,
        f"sign flips of {table.cluster_names[0] if table.cluster_names else 'item'}s ({how})",
        max(test.p_value for test in tests),
    )


def _mcnemar(
    hypothesis: Hypothesis,
    differences: np.ndarray[tuple[int, int], np.dtype[np.float64]],
    table: ScoreTable,
) -> list[Opinion]:
    """Where it fits: one seed, no clusters, and a claim about zero."""
    if len(differences) > 1 or table.cluster_names or hypothesis.margin:
        return []
    better, worse = (differences[0] > _RIGHT).sum(), (differences[0] < -_RIGHT).sum()
    test = mcnemar(int(better), int(worse))
    name, metric = hypothesis.contrast.name, hypothesis.metric
    return [
        Opinion(name, metric, "McNemar, exact", test.exact),
        Opinion(name, metric, "McNemar, mid-p", test.mid_p),
    ]
