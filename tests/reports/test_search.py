from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from harness.experiment.search import Dimension
from reports.search import (
    Unlike,
    arm_summaries,
    edges,
    exchangeable,
    incumbents,
    proposed,
    score_bounds,
    scores_of,
    unlike,
)
from tests.reports.tunings import RATE, SPACE, arm_of, tuning_of


@pytest.mark.parametrize(
    ("dimension", "value", "end"),
    [
        ({"kind": "float", "low": 0.0, "high": 1.0}, 0.019, "low"),
        ({"kind": "float", "low": 0.0, "high": 1.0}, 0.021, None),
        ({"kind": "float", "low": 0.0, "high": 1.0}, 0.981, "high"),
        ({"kind": "float", "low": 1e-5, "high": 1e-1, "log": True}, 1.1e-5, "low"),
        ({"kind": "float", "low": 1e-5, "high": 1e-1, "log": True}, 1.3e-5, None),
        ({"kind": "float", "low": 1e-5, "high": 1e-1, "log": True}, 0.09, "high"),
        ({"kind": "float", "low": 0.0, "high": 1.0, "step": 0.3}, 0.9, "high"),
        ({"kind": "float", "low": 0.0, "high": 1.0, "step": 0.3}, 0.6, None),
        ({"kind": "int", "low": 0, "high": 1000}, 999, None),
        ({"kind": "int", "low": 0, "high": 1000}, 1000, "high"),
        ({"kind": "int", "low": 1, "high": 1000, "log": True}, 1, "low"),
        ({"kind": "int", "low": 8, "high": 33, "step": 8}, 32, "high"),
        ({"kind": "categorical", "choices": [8, 16]}, 8, None),
        ({"kind": "float", "low": 0.0, "high": 1.0}, "none", None),
    ],
)
def test_a_setting_is_on_the_edge_by_its_own_scale(
    dimension: dict[str, Any], value: Any, end: str | None
) -> None:
    space = {"training.x": TypeAdapter[Dimension](Dimension).validate_python(dimension)}
    found = [one.end for one in edges({"training.x": value, "training.other": 0}, space)]
    assert found == ([end] if end else [])


@pytest.mark.parametrize(
    ("metric", "direction", "bounds", "scores"),
    [
        ("f1", "maximize", (0, 100), [3.0, 5.0]),
        ("validation_loss", "minimize", (-math.inf, 0), [-3.0, -5.0]),
    ],
)
def test_larger_is_better_and_only_a_finished_trial_has_a_score(
    metric: str, direction: str, bounds: tuple[float, float], scores: list[float]
) -> None:
    arm = arm_of([3.0, None, 4.0, 5.0], pruned=[2])
    tuning = tuning_of({"a": arm}, metric=metric)
    assert tuning.direction == direction
    assert score_bounds(tuning) == bounds
    nan = math.nan
    np.testing.assert_array_equal(scores_of(arm.trials, tuning), [scores[0], nan, nan, scores[1]])


def test_rounding_takes_no_score_beyond_its_bounds() -> None:
    arm = arm_of([100.00000000000004])  # as sacrebleu has it
    assert scores_of(arm.trials, tuning_of({"a": arm})) == [100.0]


@pytest.mark.parametrize(
    ("sampler", "pruner", "is_so"),
    [("random", "none", True), ("tpe", "none", False), ("random", "median", False)],
)
def test_only_unpruned_random_trials_are_exchangeable(
    sampler: str, pruner: str, is_so: bool
) -> None:
    assert exchangeable(tuning_of({"a": arm_of([1.0])}, sampler=sampler, pruner=pruner)) is is_so


def test_the_files_settings_are_no_proposal_but_there_from_the_start() -> None:
    arm = arm_of([3.0, None, 9.0], default=5.0)
    assert [one.number for one in proposed(arm)] == [1, 2, 3]
    np.testing.assert_array_equal(incumbents(5.0, np.array([3.0, math.nan, 9.0])), [5.0, 5.0, 9.0])
    np.testing.assert_array_equal(incumbents(math.nan, np.array([math.nan, 2.0])), [math.nan, 2.0])


def test_what_a_search_did_and_found() -> None:
    params = [{RATE: 1e-5, "training.epochs": n} for n in (2, 3, 5, 4)]
    searched = arm_of([3.0, None, 7.0, 8.0], default=5.0, params=params, pruned=[4])
    tuning = tuning_of({"a": searched, "b": arm_of([None, None])})
    a, b = arm_summaries(tuning)
    assert (a.n_complete, a.n_pruned, a.n_failed, a.seconds) == (3, 1, 1, 300.0)
    assert (a.at_default, a.best, a.in_space, a.is_default) == (5.0, 7.0, True, False)
    assert a.params == {RATE: 1e-5, "training.epochs": 5}
    assert a.edges == ((RATE, "low"), ("training.epochs", "high"))
    assert (b.n_failed, b.in_space, b.params, b.edges) == (2, False, {}, ())
    assert math.isnan(b.best)
    assert math.isnan(b.at_default)


def test_searches_that_differ_from_most_are_named() -> None:
    usual = arm_of([1.0] * 4)
    wide = {**SPACE, RATE: {**SPACE[RATE], "high": 1.0}}
    arms = {
        "usual": usual,
        "more": arm_of([1.0] * 5),
        "wide": arm_of([1.0] * 4, space=wide),
        "also usual": usual,
        "unfinished": arm_of([1.0] * 3, budget_trials=4),
    }
    assert unlike(tuning_of(arms)) == (
        Unlike("more", "5 trials", "4 trials", ()),
        Unlike("wide", "", "", (RATE,)),
        Unlike("unfinished", "3 of 4 trials", "4 trials", ()),
    )
    timed = {"budget_trials": None, "budget_seconds": 600.0}
    alike = {"a": arm_of([1.0] * 4, **timed), "b": arm_of([1.0] * 6, **timed)}
    assert unlike(tuning_of(alike)) == ()
