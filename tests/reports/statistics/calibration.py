"""Scenarios under a true null in which a nominal 5% test should reject about 5% of the time.

Drawn as sums of differences per seed and article, which is all that a method looks at; every
repetition of a cell of the table at once. `make calibration` makes the tables of
docs/calibration.md. What the scenarios are is data; what is judged is any function of the sums.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np

from reports.statistics.sequential import looks
from reports.statistics.variance import half_width, spread, variance_parts

ALPHA = 0.05
CHUNK = 2_500
MARKER = "<!-- What follows is made by `make calibration`. -->"

DEV = (
    "810 247 180 217 247 106 243 182 136 106 108 116 129 98 96 297 319 176 228 104 153 189 187 206"
)
TRAIN = (
    "269 150 169 697 274 521 817 228 250 435 802 392 500 317 390 76 145 100 154 65 179 65 141 185"
)
SIZES = {24: np.array(DEV.split(), float), 48: np.array(f"{DEV} {TRAIN}".split(), float)}
"""Questions in each of 24 articles of SQuAD's development set, and of 24 training articles more."""

PER_PARAGRAPH = 5

Decide: TypeAlias = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(sums of shape (n, n_seeds, n_clusters), sizes) -> whether each of the n tables is rejected."""


@dataclass(frozen=True)
class Scenario:
    """Sources of spread as standard deviations in points; `differ` makes items -100, 0 or 100.

    `shared` is the share of an item's variance (of the items, where `differ`) that comes back in
    every seed, as the difficulty of a question does.
    """

    name: str
    article_sd: float = 0.0
    paragraph_sd: float = 0.0
    seed_sd: float = 0.0
    article_at_seed_sd: float = 0.0
    item_sd: float = 35.0
    shared: float = 0.5
    differ: float | None = None


NESTED = {"article_sd": 2.0, "paragraph_sd": 10.0}

SCENARIOS = [
    Scenario("no clustering"),
    Scenario("no clustering, items redrawn by each seed", shared=0.0),
    Scenario("no clustering, items the same in all seeds", shared=1.0),
    Scenario("articles and paragraphs", **NESTED),
    Scenario("the same, seed sd 0.4", seed_sd=0.4, **NESTED),
    Scenario("the same, seed sd 1", seed_sd=1.0, **NESTED),
    Scenario("the same, seed sd 3", seed_sd=3.0, **NESTED),
    Scenario("articles react to seeds (sd 2), seed sd 0", article_at_seed_sd=2.0, **NESTED),
    Scenario(
        "articles react to seeds (sd 2), seed sd 1", seed_sd=1, article_at_seed_sd=2, **NESTED
    ),
    Scenario("seed sd 0.4 only", seed_sd=0.4),
    Scenario("seed sd 1 only", seed_sd=1.0),
    Scenario("seed sd 1 only, items redrawn by each seed", seed_sd=1.0, shared=0.0),
    Scenario("seed sd 3 only", seed_sd=3.0),
    Scenario("EM, 6% of answers differ", differ=0.06),
    Scenario("EM, 1% of answers differ", differ=0.01),
    Scenario("EM, 6% differ, articles sd 2, seed sd 0.4", 2.0, seed_sd=0.4, differ=0.06),
    Scenario("EM, 6% differ, articles sd 2, seed sd 1", 2.0, seed_sd=1.0, differ=0.06),
]


class Cell(NamedTuple):
    """Share of repetitions rejected, with its standard error."""

    scenario: str
    n_seeds: int
    n_articles: int
    rate: float
    error: float


def draw(
    scenario: Scenario, sizes: np.ndarray, shape: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    """Sums of differences (n, n_seeds, n_articles), of expectation 0, for shape (n, n_seeds)."""
    if scenario.differ is not None:
        return _draw_answers(scenario, sizes, shape, rng)
    n, n_seeds = shape
    per_article, cells = (n, 1, len(sizes)), (n, n_seeds, len(sizes))
    common = scenario.article_sd**2 * sizes**2 + scenario.item_sd**2 * scenario.shared * sizes
    common += scenario.paragraph_sd**2 * PER_PARAGRAPH * sizes
    own = scenario.article_at_seed_sd**2 * sizes**2
    own += scenario.item_sd**2 * (1 - scenario.shared) * sizes
    sums = rng.normal(0, scenario.seed_sd, (n, n_seeds, 1)) * sizes
    return (
        sums
        + rng.normal(0, 1, per_article) * np.sqrt(common)
        + (rng.normal(0, 1, cells) * np.sqrt(own))
    )


def _draw_answers(
    scenario: Scenario, sizes: np.ndarray, shape: tuple[int, int], rng: np.random.Generator
) -> np.ndarray:
    """Counts of questions that one arm alone answers: some in every seed, some in one."""
    n, n_seeds = shape
    article = rng.normal(0, scenario.article_sd / 100, (n, 1, len(sizes)))
    seed = rng.normal(0, scenario.seed_sd / 100 / (1 - scenario.shared), (n, n_seeds, 1))
    stable = rng.binomial(sizes.astype(int), scenario.shared, (n, 1, len(sizes)))
    in_all = _balance(stable, scenario.differ, article, rng)
    return 100.0 * (
        in_all + _balance(sizes.astype(int) - stable, scenario.differ, article + seed, rng)
    )


def _balance(
    n_items: np.ndarray, differ: float, effect: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Answers gained minus answers lost among `n_items`."""
    effect = np.clip(effect, -differ, differ)
    n_items, effect = np.broadcast_arrays(n_items, effect)
    changed = rng.binomial(n_items, differ)
    return 2 * rng.binomial(changed, (1 + effect / differ) / 2) - changed


def offered(sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """What `paired_difference` does in the recipe scope."""
    return judged(sums, sizes, sums.shape[1])


def checkpoints(sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """What `paired_difference` does in the checkpoints scope."""
    return judged(sums, sizes, 1)


def sequential(sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Rejected at any of the looks, in the recipe scope."""
    rejected = [
        judged(sums[:, :seen], sizes, seen, ALPHA * weight) for seen, weight in looks(sums.shape[1])
    ]
    return np.any(rejected, axis=0)


def judged(
    sums: np.ndarray, sizes: np.ndarray, counted_seeds: int, alpha: float = ALPHA
) -> np.ndarray:
    half = half_width(spread(variance_parts(sums, sizes), counted_seeds), alpha)
    return np.abs(estimates(sums, sizes)) >= half


def estimates(sums: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    return sums.sum(axis=(1, 2)) / sizes.sum() / sums.shape[1]


def cells(
    methods: dict[str, Decide],
    *,
    scenarios: Iterable[Scenario] = tuple(SCENARIOS),
    seeds: Iterable[int] = (2, 3, 5, 10),
    articles: Iterable[int] = (24, 48),
    repetitions: int = 10_000,
) -> Iterator[tuple[str, Cell]]:
    """Rates of false alarms, all methods on the same draws, which depend on the cell alone."""
    for scenario, n_seeds, n_articles in itertools.product(scenarios, seeds, articles):
        sizes = SIZES[n_articles]
        rng = np.random.default_rng([*scenario.name.encode(), n_seeds, n_articles])
        rejected: dict[str, int] = dict.fromkeys(methods, 0)
        for done in range(0, repetitions, CHUNK):
            sums = draw(scenario, sizes, (min(CHUNK, repetitions - done), n_seeds), rng)
            for name, decide in methods.items():
                rejected[name] += int(decide(sums, sizes).sum())
        for name, count in rejected.items():
            rate = count / repetitions
            error = float(np.sqrt(rate * (1 - rate) / repetitions))
            yield name, Cell(scenario.name, n_seeds, n_articles, rate, error)


def table(
    decide: Decide, scenarios: Iterable[Scenario], seeds: Iterable[int], repetitions: int
) -> str:
    """Markdown: type-I error in percent, one column for each number of seeds and articles."""
    rows: dict[str, list[Cell]] = {}
    for _, cell in cells({"": decide}, scenarios=scenarios, seeds=seeds, repetitions=repetitions):
        rows.setdefault(cell.scenario, []).append(cell)
    columns = [f"{c.n_seeds} × {c.n_articles}" for c in next(iter(rows.values()))]
    lines = [
        "| seeds × articles | " + " | ".join(columns) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    lines += [
        f"| {name} | " + " | ".join(f"{100 * c.rate:.1f}" for c in found) + " |"
        for name, found in rows.items()
    ]
    every = [c for found in rows.values() for c in found]
    low, high = min(every, key=lambda c: c.rate), max(every, key=lambda c: c.rate)
    lines += ["", f"Lowest {_words(low)}; highest {_words(high)}.", ""]
    return "\n".join(lines)


def _words(cell: Cell) -> str:
    return (
        f"{100 * cell.rate:.2f} ± {100 * cell.error:.2f} ({cell.scenario}, {cell.n_seeds} seeds, "
        f"{cell.n_articles} articles)"
    )


def main(path: Path, repetitions: int = 20_000) -> None:
    """Remake the tables in a page: all that follows its marker."""
    page = path.read_text(encoding="utf-8")
    head, _, _ = page.partition(MARKER)
    without_seeds = [s for s in SCENARIOS if not s.seed_sd]
    parts = [
        head + MARKER,
        f"Made with {repetitions:,} repetitions a cell.",
        "### Recipe, three seeds and more",
        table(offered, SCENARIOS, (3, 5, 10), repetitions),
        "### Recipe, two seeds",
        table(offered, SCENARIOS, (2,), repetitions),
        "### Checkpoints",
        table(checkpoints, without_seeds, (1, 3), repetitions),
        "### Sequential",
        table(sequential, SCENARIOS, (4, 5, 10), repetitions),
    ]
    text = "\n\n".join(part.strip() for part in parts) + "\n"
    path.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
