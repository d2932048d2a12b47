"""Rules for looking after each seed that were tried; the comparison in docs/decisions/0008.

    python -m tests.reports.statistics.sequential_rules        # a minute

Each maps planned seeds to the share of alpha spent at each look. Power is judged at the effects
that the ordinary analysis of all planned seeds finds in 80% and 95% of cases, sought in each
scenario anew, and at twice the latter. Only that of `reports.statistics.sequential` is used.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from reports.statistics.sequential import FIRST_LOOK, looks
from reports.statistics.variance import Spread, half_width, spread, variance_parts
from tests.reports.statistics.calibration import ALPHA, SCENARIOS, SIZES, Scenario, draw, estimates

Weights = dict[int, float]
Rule = Callable[[int], Weights]


def seen(planned: int) -> range:
    return range(FIRST_LOOK, planned + 1)


def spending(function: Callable[[float], float]) -> Rule:
    """Increments of a spending function of the share of seeds (Lan & DeMets 1983)."""

    def weights(planned: int) -> Weights:
        spent = [0.0, *(function(k / planned) for k in seen(planned))]
        return dict(zip(seen(planned), np.diff(spent), strict=True))

    return weights


def power_family(rho: float) -> Rule:
    return spending(lambda share: share**rho)


def obrien_fleming(share: float) -> float:
    return float(2 * ndtr(ndtri(ALPHA / 2) / np.sqrt(share)) / ALPHA)


def last(
    weight: float, others: float | None = None, first: int = FIRST_LOOK, every: int = 1
) -> Rule:
    """The looks before the last share `others` equally; one after `every` seeds."""

    def weights(planned: int) -> Weights:
        earlier = range(first, planned, every)
        if not earlier:
            return {planned: 1.0}
        share = 1 - weight if others is None else others
        return {**dict.fromkeys(earlier, share / len(earlier)), planned: weight}

    return weights


RULES: Mapping[str, Rule] = {
    "no looks": lambda planned: {planned: 1.0},
    "every look at alpha": lambda planned: dict.fromkeys(seen(planned), 1.0),
    "equal": lambda planned: dict.fromkeys(seen(planned), 1 / len(seen(planned))),
    "power family, rho 1": power_family(1),
    "power family, rho 2": power_family(2),
    "power family, rho 3": power_family(3),
    "power family, rho 6": power_family(6),
    "O'Brien-Fleming type": spending(obrien_fleming),
    "last look 0.5": last(0.5),
    "last look 0.7": last(0.7),
    "last look 0.8 (chosen)": lambda planned: {k: float(w) for k, w in looks(planned)},
    "last look 0.9": last(0.9),
    "last look 0.8, first look at 4": last(0.8, first=4),
    "last look 0.8, after every other seed": last(0.8, every=2),
    "last look 0.88, others 0.22 in all": last(0.88, others=0.22),
    "last look 1, others 0.2 in all": last(1, others=0.2),
}


class Seen(NamedTuple):
    """Estimates of one scenario at each look, and their spreads."""

    estimate: dict[int, np.ndarray]
    spread: dict[int, Spread]


def simulate(scenario: Scenario, planned: int, n_articles: int, repetitions: int) -> Seen:
    sizes = SIZES[n_articles]
    rng = np.random.default_rng([*scenario.name.encode(), planned, n_articles])
    sums = draw(scenario, sizes, (repetitions, planned), rng)
    at = {k: sums[:, :k] for k in seen(planned)}
    return Seen(
        {k: estimates(part, sizes) for k, part in at.items()},
        {k: spread(variance_parts(part, sizes), k) for k, part in at.items()},
    )


def effect_found(of: Seen, planned: int, power: float) -> float:
    """Difference that the ordinary analysis finds, with its sign, with this power."""
    half = half_width(of.spread[planned], ALPHA)
    return float(np.quantile(half - of.estimate[planned], power))


class Outcome(NamedTuple):
    """Share of rejections, mean seeds, and mean estimate at the end, at one effect."""

    rejected: float
    seeds: float
    estimate: float


def outcome(of: Seen, weights: Weights, effect: float, alpha: float) -> Outcome:
    planned = max(of.estimate)
    final = of.estimate[planned] + effect
    stopped = np.full(len(final), planned)
    rejected = np.zeros(len(final), dtype=bool)
    for k, weight in weights.items():
        estimate = of.estimate[k] + effect
        now = ~rejected & (np.abs(estimate) >= half_width(of.spread[k], alpha * weight))
        stopped[now], final[now] = k, estimate[now]
        rejected |= now
    return Outcome(float(rejected.mean()), float(stopped.mean()), float(final.mean()))


def outcomes(planned: int, repetitions: int) -> dict[str, np.ndarray]:
    """For each rule (scenarios and articles, cases, `Outcome`), estimates as shares of the truth.

    Cases: no effect at 5% and at 1%, then the three effects.
    """
    found: dict[str, list[list[Outcome]]] = {name: [] for name in RULES}
    for scenario, n_articles in itertools.product(SCENARIOS, SIZES):
        of = simulate(scenario, planned, n_articles, repetitions)
        often, mostly = (effect_found(of, planned, power) for power in (0.8, 0.95))
        effects = (often, mostly, 2 * mostly)
        for name, rule in RULES.items():
            weights = rule(planned)
            by_chance = [outcome(of, weights, 0.0, alpha) for alpha in (ALPHA, 0.01)]
            true = [outcome(of, weights, effect, ALPHA) for effect in effects]
            true = [o._replace(estimate=o.estimate / e) for o, e in zip(true, effects, strict=True)]
            found[name].append([*by_chance, *true])
    return {name: np.array(rows) for name, rows in found.items()}


def main(repetitions: int) -> None:
    """Print one table for each number of planned seeds."""
    for planned in (4, 5, 10):
        heads = f"{planned} seeds | at 5% | at 1% | power, seeds, estimate / truth | |"
        print(f"\n| {heads} |\n{'|---' * 6}|")
        for name, rows in outcomes(planned, repetitions).items():
            low, high = 100 * rows[:, 0, 0].min(), 100 * rows[:, 0, 0].max()
            cells = [f"{low:.1f}–{high:.1f}", f"{100 * rows[:, 1, 0].max():.1f}"]
            for power, seeds, ratio in rows[:, 2:].mean(axis=0):
                cells.append(f"{100 * power:.1f}, {seeds:.1f}, {ratio:.2f}")
            print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 5_000)
