"""What `harness plan` says about detectable effects, against the power functions and by hand."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest

from harness.experiment import load_experiment, make_plan
from harness.planning import Pilot, detectable_lines
from harness.preparation import Prepared, prepare
from reports.statistics import (
    assumed_variances,
    detectable_effect,
    measured_variances,
    paired_difference,
    required_size,
)

QUICKSTART = Path(__file__).parents[1] / "experiments" / "quickstart.yaml"


def prepared(*assignments: str) -> Prepared:
    return prepare(make_plan(load_experiment(QUICKSTART, assignments)))


def row(lines: list[str], start: str) -> list[float]:
    line = next(line for line in lines if line.strip().startswith(start))
    return [float(number.replace(",", "")) for number in re.findall(r"\d[\d,]*(?:\.\d+)?", line)]


def sizes(of: Prepared) -> list[int]:
    dataset = next(iter(of.datasets.values()))
    titles = [item.clusters[0] for item in dataset.test]
    return np.unique(titles, return_counts=True)[1].tolist()


def test_the_table_is_that_of_the_power_functions() -> None:
    plan = prepared("analysis.planning={item_sd: 20, seed_sd: 1.5}")
    lines = list(detectable_lines(plan, None))
    assert row(lines, "seeds") == [2, 3, 5, 8, 12, 20]
    assert row(lines, "runs") == [8, 12, 20, 32, 48, 80]
    variances = assumed_variances(sizes(plan), item_sd=20, seed_sd=1.5)
    for start, n_items in (("500 items", 500), ("2,000 items", 2000)):
        expected = [
            detectable_effect(variances, n, n_items, level=1 - 0.05 / 2, power=0.8)
            for n in (2, 3, 5, 8, 12, 20)
        ]
        assert row(lines, start)[1:] == pytest.approx(expected, abs=0.051)
    assert "of 20 points between items, 2 between clusters, 1.5 between seeds" in lines[-1]


def test_what_it_takes_to_find_an_effect_that_matters() -> None:
    plan = prepared("analysis.planning.effect=6", "analysis.planning.item_sd=20")
    lines = [line for line in detectable_lines(plan, None) if "to show" in line]
    better, inferior = lines
    variances = assumed_variances(sizes(plan), item_sd=20)
    needed = required_size(variances, 6, 3, 500, level=1 - 0.05 / 2)
    assert f"a difference of 6 points (context: question+context vs question): {needed.seeds} " in (
        better
    )
    assert f"({4 * (needed.seeds or 0)} runs) or {needed.items:,} test items with 3 seeds" in better
    assert "non_inferior within 3 points if there is no difference" in inferior


def test_seeds_and_items_together_where_neither_alone_would_do() -> None:
    (line, _) = [x for x in detectable_lines(prepared("analysis.planning.effect=2"), None)
                 if "to show" in x]  # fmt: skip
    seeds, runs, items = row([line.split("): ")[1]], "")
    assert runs == 4 * seeds
    variances = assumed_variances(sizes(prepared()))
    assert detectable_effect(variances, int(seeds), items, level=1 - 0.05 / 2) <= 2
    assert detectable_effect(variances, int(seeds), items / 2, level=1 - 0.05 / 2) > 2


def test_equivalence_needs_more_than_non_inferiority() -> None:
    def items(claim: str) -> float:
        spec = f"analysis.hypotheses=[{{factor: precision, claim: {claim}, margin: 3}}]"
        lines = list(detectable_lines(prepared(spec), None))
        return row([line.split("): ")[1] for line in lines if "to show" in line], "")[-2]

    assert items("equivalent") > items("non_inferior")


def measured(seed: int) -> tuple[str, str, object]:
    rng = np.random.default_rng(seed)
    article = np.repeat(np.arange(20), 10)
    d = rng.normal(0, 20, (3, 200)) + rng.normal(0, 2 * seed, (3, 1))
    return paired_difference(d, article)


def test_a_pilots_spread_takes_the_place_of_assumptions() -> None:
    names = ("context: question+context vs question", "other: a vs b")
    results = tuple((name, "f1", measured(n + 1)) for n, name in enumerate(names))
    plan = prepared()
    lines = list(detectable_lines(plan, Pilot("earlier (abc)", results, 90.0)))
    assert "with the spread of the pilot earlier (abc)" in lines[1]
    variances = measured_variances(results[0][2])
    expected = [
        detectable_effect(variances, n, 500, level=1 - 0.05 / 2) for n in (2, 3, 5, 8, 12, 20)
    ]
    assert row(lines, "500 items")[1:] == pytest.approx(expected, abs=0.051)
    minutes = [4 * n * 1.5 for n in (2, 3, 5, 8, 12, 20)]
    assert row(lines, "minutes, as pilot") == pytest.approx(minutes)
    assert any("its 3 seeds know the spread between seeds roughly" in line for line in lines)
    assert any(
        "precision: nf4 vs full (not in the pilot, or without a spread; taken from context: "
        "question+context vs question, F1)" in line
        for line in lines
    )
    assert not any("assumes" in line for line in lines)


def test_a_pilot_with_one_seed_knows_nothing_of_the_spread_between_seeds() -> None:
    rng = np.random.default_rng(0)
    single = paired_difference(
        rng.normal(0, 20, (1, 200)), np.repeat(np.arange(20), 10), scope="checkpoints"
    )
    results = (("context: question+context vs question", "f1", single),)
    pilot = Pilot("p", results, math.nan)
    lines = list(detectable_lines(prepared("analysis.planning.seed_sd=6"), pilot))
    assert any("it has one seed: 6 points between seeds are assumed" in line for line in lines)
    assert row(lines, "500 items")[2] > 2 * 6 / math.sqrt(3)
    assert not any("hours" in line for line in lines)
    alone = list(detectable_lines(prepared("seeds=[0]"), pilot))
    assert row(alone, "seeds") == [1]


def test_one_seed_and_looks_are_told() -> None:
    assert (
        "one seed: conclusions will hold" in list(detectable_lines(prepared("seeds=[0]"), None))[-1]
    )
    sequential = prepared("seeds=[0, 1, 2, 3, 4]", "analysis.sequential=true")
    lines = list(detectable_lines(sequential, None))
    assert lines[0].endswith("5 (alpha 0.04); stops when all is decided: 12 to 20 runs")
    ordinary = list(detectable_lines(prepared("seeds=[0, 1, 2, 3, 4]"), None))
    looked, once = (row(found, "smallest detectable effect")[0] for found in (lines, ordinary))
    assert looked > once
