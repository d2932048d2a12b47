"""What is compared: each declared hypothesis as a weighting of arms.

Knows the arms by their names and levels only; nothing of configurations, runs or scores.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.errors import ExperimentError
from harness.experiment.schema import Claim, Experiment, Factor, HypothesisSpec, MetricName

__all__ = ["Contrast", "Hypothesis", "Levels", "contrast_between", "declared_hypotheses"]

Levels: TypeAlias = Mapping[str, Mapping[str, str]]
"""From arm name to its level of each factor."""


@dataclass(frozen=True)
class Contrast:
    """A difference between arms, as weights that sum to zero.

    The main effect of a treatment weighs each arm that has it by 1/k and each arm
    that has the level it is compared with by -1/k, k being the number of combinations of the
    other factors' levels. An interaction is the difference of two such effects.

    Attributes
    ----------
    name : str
        Such as `context: question+context vs question`.
    kind : {"main", "interaction"}
    factors : tuple of str
        The one factor, or the two that interact.
    levels : tuple of (str, str)
        For each of the factors the treatment, and the level it is compared with.
    weights : mapping
        From arm name to its weight; arms that do not occur are not part of it.
    treated : tuple of str
        The arms with the treatment of the last factor: the estimate is their weighted sum minus
        that of the other arms. Of an interaction, both are effects of the first factor.
    """

    name: str
    kind: Literal["main", "interaction"]
    factors: tuple[str, ...]
    levels: tuple[tuple[str, str], ...]
    weights: Mapping[str, float]
    treated: tuple[str, ...]


@dataclass(frozen=True)
class Hypothesis:
    """A contrast, what is claimed about it, on which metric, with which margin (0-100)."""

    contrast: Contrast
    claim: Claim
    metric: MetricName
    margin: float | None = None


def declared_hypotheses(experiment: Experiment, arms: Levels) -> Iterator[Hypothesis]:
    """The hypotheses of an experiment; without any, each treatment is tested as `different`.

    Raises
    ------
    ExperimentError
        A hypothesis names a factor or treatment that does not exist.
    """
    declared = experiment.analysis.hypotheses or tuple(
        HypothesisSpec(factor=factor, claim="different") for factor in experiment.factors
    )
    for index, spec in enumerate(declared):
        where = f"analysis.hypotheses.{index}"
        metric = spec.metric or experiment.analysis.primary
        for levels in _compared_levels(spec, experiment.factors, where):
            yield Hypothesis(contrast_between(levels, arms), spec.claim, metric, spec.margin)


def contrast_between(levels: Mapping[str, tuple[str, str]], arms: Levels) -> Contrast:
    """Product of (treatment - other level) over some factors, averaged over all other factors.

    Parameters
    ----------
    levels : mapping
        From factor to the treatment and the level it is compared with; one factor or two.
    arms : mapping
        From arm name to its level of each factor.
    """
    signs: dict[str, int] = {}
    for arm, own in arms.items():
        if all(own[factor] in pair for factor, pair in levels.items()):
            others = sum(own[factor] != treatment for factor, (treatment, _) in levels.items())
            signs[arm] = (-1) ** others
    share = 2 ** len(levels) / len(signs)
    parts = [f"{factor}: {treatment} vs {other}" for factor, (treatment, other) in levels.items()]
    last, (treatment, _) = list(levels.items())[-1]
    return Contrast(
        name=" × ".join(parts),
        kind="main" if len(levels) == 1 else "interaction",
        factors=tuple(levels),
        levels=tuple(levels.values()),
        weights={arm: sign * share for arm, sign in signs.items()},
        treated=tuple(arm for arm in signs if arms[arm][last] == treatment),
    )


def _compared_levels(
    spec: HypothesisSpec, factors: Mapping[str, Factor], where: str
) -> Iterator[dict[str, tuple[str, str]]]:
    named = spec.interaction or (spec.factor or "",)
    for factor in named:
        _check_known(factor, factors, f"{where}.factor", "factor")
    if len(set(named)) < len(named):
        raise ExperimentError(
            "a factor cannot interact with itself", where=f"{where}.interaction", got=named[0]
        )
    if spec.pairs == "all":
        for earlier, later in itertools.combinations(factors[named[0]].levels, 2):
            yield {named[0]: (later, earlier)}
        return
    treatments = [list(factors[factor].treatments) for factor in named]
    if spec.treatment is not None:
        _check_known(spec.treatment, treatments[0], f"{where}.treatment", "treatment")
        treatments = [[spec.treatment]]
    for labels in itertools.product(*treatments):
        controls = [factors[factor].control_label for factor in named]
        yield dict(zip(named, zip(labels, controls, strict=True), strict=True))


def _check_known(name: str, known: Iterable[str], where: str, kind: str) -> None:
    if name not in known:
        raise ExperimentError(
            f"there is no such {kind}", where=where, got=name, allowed=", ".join(known)
        )
