"""Proposals depend on the seed, the trial's number and what is known, not on who asks."""

from __future__ import annotations

import numpy as np
import optuna
import pytest
from optuna.storages import InMemoryStorage

from harness.search.results import arm_tuning
from harness.search.samplers import PRUNERS, SAMPLERS, NumberedSampler
from harness.search.worker import Ask, work_on

PLANE = {
    "training.learning_rate": {"kind": "float", "low": 0.001, "high": 1.001},
    "training.weight_decay": {"kind": "float", "low": 0.0, "high": 1.0},
}
MORE = PLANE | {"training.batch_size": {"kind": "int", "low": 2, "high": 64}}


def bowl(ask: Ask) -> float:
    """Smallest at (0.701, 0.2)."""
    x, y = (ask.params[path] for path in PLANE)
    return (x - 0.701) ** 2 + (y - 0.2) ** 2


def points(arm) -> np.ndarray:
    """Settings of all trials but the file's own, shape (trials, 2)."""
    return np.array([[one.params[p] for p in PLANE] for one in arm_tuning(arm).trials[1:]])


def worked(open_arm, trials: int, storage=None, objective=bowl, **search):
    arm = open_arm(storage or InMemoryStorage(), **({"space": PLANE} | search), trials=trials)
    work_on(arm, objective)
    return arm


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_restart_and_another_study_propose_the_same(open_arm, sampler) -> None:
    whole = points(worked(open_arm, 14, sampler=sampler))
    storage = InMemoryStorage()
    for trials in (1, 2, 5, 9, 12, 14):  # each time another worker
        parts = worked(open_arm, trials, storage, sampler=sampler, name="other")
    np.testing.assert_array_equal(points(parts), whole)
    assert len(np.unique(whole, axis=0)) == 13
    other = points(worked(open_arm, 4, sampler=sampler, sampler_seed=1))
    assert not np.isclose(other, whole[:3]).any()


def test_random_proposals_fill_the_space(open_arm) -> None:
    """As independent uniform draws do; they know nothing of the results."""
    arm = worked(open_arm, 301)
    drawn = points(arm) - [0.001, 0.0]
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.15
    assert abs(np.corrcoef(drawn[:-1, 0], drawn[1:, 0])[0, 1]) < 0.15
    counts = np.histogram2d(*drawn.T, bins=4, range=[[0, 1], [0, 1]])[0]
    assert ((counts - 300 / 16) ** 2 / (300 / 16)).sum() < 30.6  # chi-squared, 15 df, p = 0.01
    np.testing.assert_array_equal(
        points(worked(open_arm, 9, objective=lambda ask: 0.0)), points(arm)[:8]
    )


def test_an_arm_with_a_path_more_has_the_same_random_proposals(open_arm) -> None:
    more = points(worked(open_arm, 6, space=MORE))
    np.testing.assert_array_equal(more, points(worked(open_arm, 6)))


@pytest.mark.parametrize("sampler", ["tpe", "gp", "cmaes"])
def test_samplers_that_learn_are_better_than_random(open_arm, sampler) -> None:
    """Median over seeds of the mean of a search's second half, 30 trials."""

    def late(name: str, seed: int) -> float:
        arm = worked(open_arm, 30, sampler=name, sampler_seed=seed)
        return float(np.mean([one.value for one in arm_tuning(arm).trials[15:]]))

    learned, drawn = ([late(one, seed) for seed in range(3)] for one in (sampler, "random"))
    assert np.median(learned) < 0.5 * np.median(drawn)


@pytest.mark.parametrize("pruner", PRUNERS)
def test_every_pruner_works_with_numbered_proposals(open_arm, pruner) -> None:
    def objective(ask: Ask) -> float:
        for step in range(1, 10):
            ask.trial.report(bowl(ask) + 1 / step, step)
            if ask.trial.should_prune():
                raise optuna.TrialPruned
        return bowl(ask)

    arm = worked(open_arm, 16, sampler="tpe", pruner=pruner, objective=objective)
    states = {one.state for one in arm_tuning(arm).trials}
    assert states == ({"complete"} if pruner == "none" else {"complete", "pruned"})


def test_it_hands_over_what_optuna_asks() -> None:
    study = optuna.create_study(sampler=NumberedSampler(SAMPLERS["cmaes"], 0))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1) + trial.suggest_float("y", 0, 1), 9)
    assert any(key.startswith("cma:") for one in study.trials for key in one.system_attrs)
