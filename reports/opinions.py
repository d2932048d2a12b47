"""Second opinions: tests that assume less, of the declared comparisons.

They speak about the trained checkpoints on other items of this kind; the luck of a seed is not
part of them, and no verdict comes from them. To add one: a function and a row in `OPINIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.experiment import Hypothesis
from harness.experiment.schema import OpinionName
from harness.metrics import METRICS, sign_of
from harness.metrics.mean import mean_score
from reports.measurement import paired_scores
from reports.scores import ScoreTable
from reports.statistics import (
    approximate_randomization,
    mcnemar,
    paired_bootstrap,
    sign_flip,
    wilcoxon,
)
from reports.study import Study
from reports.verdicts import null_values
from reports.wording import signed

__all__ = ["OPINIONS", "Asked", "Opinion", "second_opinions"]

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


class Asked(NamedTuple):
    """One comparison as a test needs it.

    Attributes
    ----------
    hypothesis : Hypothesis
    nulls : tuple of float
        What it is tested against, in points.
    alpha : float
        Of intervals.
    table : ScoreTable
    weights : ndarray, shape (n_arms,)
        Of the contrast's arms.
    values : ndarray, shape (n_arms, n_seeds, n_items)
        What items contribute to the score, see `paired_scores`.
    differences : ndarray, shape (n_seeds, n_items)
    """

    hypothesis: Hypothesis
    nulls: tuple[float, ...]
    alpha: float
    table: ScoreTable
    weights: NDArray[np.float64]
    values: NDArray[np.float64]
    differences: NDArray[np.float64]

    @property
    def is_mean(self) -> bool:
        """Whether the metric is a mean over items."""
        return METRICS[self.hypothesis.metric].corpus is mean_score

    @property
    def unit(self) -> str:
        """What is drawn, flipped or swapped as a whole."""
        return self.table.cluster_names[0] if self.table.cluster_names else "item"


def second_opinions(
    study: Study, table: ScoreTable, rng: np.random.Generator
) -> tuple[Opinion, ...]:
    """The tests that the study asks for, of the comparisons that they fit.

    Parameters
    ----------
    study : Study
    table : ScoreTable
        Scores of the study's runs.
    rng : numpy.random.Generator
        For tests that draw.

    Returns
    -------
    tuple of Opinion
        None for comparisons without scores.
    """
    found: list[Opinion] = []
    for hypothesis in study.hypotheses:
        weights, values = paired_scores(hypothesis.contrast, hypothesis.metric, table)
        differences = np.tensordot(weights, values, axes=1)
        if not differences.size:
            continue
        sign = sign_of(hypothesis.metric)
        nulls = null_values(hypothesis.claim, hypothesis.margin, sign)
        asked = Asked(hypothesis, nulls, study.alpha, table, weights, values, differences)
        against = "" if nulls == (0.0,) else f", against {' and '.join(map(signed, nulls))}"
        for name in study.opinions:
            found += (
                Opinion(hypothesis.contrast.name, hypothesis.metric, f"{test}{against}", p_value)
                for test, p_value in OPINIONS[name](asked, rng)
            )
    return tuple(one for one in found if not np.isnan(one.p_value))


def _sign_flip(asked: Asked, rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    if not asked.is_mean:
        return
    means, clusters = asked.differences.mean(axis=0), asked.table.outermost
    tests = [sign_flip(means, clusters, rng=rng, null_value=null) for null in asked.nulls]
    how = "all" if tests[0].exact else f"{tests[0].n_flips:,} random"
    yield f"sign flips of {asked.unit}s ({how})", max(test.p_value for test in tests)


def _wilcoxon(asked: Asked, rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    if not asked.is_mean:
        return
    means, clusters = asked.differences.mean(axis=0), asked.table.outermost
    tests = [wilcoxon(means, clusters, null_value=null) for null in asked.nulls]
    how = "exact" if tests[0].exact else "normal approximation"
    of = f"the means of {asked.unit}s" if asked.table.cluster_names else "items"
    yield f"Wilcoxon signed ranks of {of} ({how})", max(test.p_value for test in tests)


def _mcnemar(asked: Asked, rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Where it fits: EM of two arms, one seed, no clusters, and a claim about zero."""
    one_table = len(asked.weights) == 2 and len(asked.differences) == 1
    if asked.hypothesis.metric != "em" or not one_table or asked.table.cluster_names:
        return
    if asked.nulls != (0.0,):
        return
    change = asked.differences[0]
    test = mcnemar(int((change > _RIGHT).sum()), int((change < -_RIGHT).sum()))
    yield "McNemar, exact", test.exact
    yield "McNemar, mid-p", test.mid_p


def _bootstrap(asked: Asked, rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """Of corpus scores that are no mean, such as BLEU; for claims about zero."""
    if asked.is_mean or asked.nulls != (0.0,):
        return
    columns, score = _counts(asked), METRICS[asked.hypothesis.metric].corpus
    test = paired_bootstrap(
        columns,
        asked.weights,
        asked.table.outermost,
        lambda sums: score(sums[None]),
        rng=rng,
        level=1 - asked.alpha,
    )
    level = f"{100 * (1 - asked.alpha):.4g}% interval"
    interval = f"{level} {signed(test.ci_low)} to {signed(test.ci_high)}"
    told = "" if test.reason else f" ({interval})"
    yield f"bootstrap of {asked.unit}s, {test.n_resamples:,} draws{told}", test.p_value


def _randomization(asked: Asked, rng: np.random.Generator) -> Iterator[tuple[str, float]]:
    """As the bootstrap, and for two arms."""
    if asked.is_mean or asked.nulls != (0.0,) or len(asked.weights) != 2:
        return
    columns, score = _counts(asked), METRICS[asked.hypothesis.metric].corpus
    test = approximate_randomization(
        columns, asked.table.outermost, lambda sums: score(sums[None]), rng=rng
    )
    how = "all" if test.exact else f"{test.n_resamples:,} random"
    yield f"swaps of {asked.unit}s between arms ({how})", test.p_value


def _counts(asked: Asked) -> NDArray[np.float64]:
    """Sufficient statistics of the corpus score, shape (n_arms, n_seeds, n_items, n_columns)."""
    table, contrast = asked.table, asked.hypothesis.contrast
    part_of = np.isin(np.array(table.arms), list(contrast.weights))
    return table.counts_on_common_seeds(asked.hypothesis.metric, part_of)


OPINIONS: Mapping[
    OpinionName, Callable[[Asked, np.random.Generator], Iterator[tuple[str, float]]]
] = {
    "sign_flip": _sign_flip,
    "mcnemar": _mcnemar,
    "bootstrap": _bootstrap,
    "randomization": _randomization,
    "wilcoxon": _wilcoxon,
}
"""By name in `analysis.second_opinions`: yields (what was done, p-value) where the test fits."""
