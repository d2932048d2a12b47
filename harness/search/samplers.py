"""How trials are proposed, and when they are given up; both by name."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from harness.experiment.search import PrunerName, SamplerName
from harness.search.budget import numbers

__all__ = ["PRUNERS", "SAMPLERS", "NumberedSampler"]

SAMPLERS: Mapping[SamplerName, Callable[[int], BaseSampler]] = {
    "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed),
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    "gp": lambda seed: optuna.samplers.GPSampler(seed=seed),
    "cmaes": lambda seed: optuna.samplers.CmaEsSampler(seed=seed),
}
"""Name in the experiment file -> a sampler with a seed."""

PRUNERS: Mapping[PrunerName, Callable[[], optuna.pruners.BasePruner]] = {
    "none": optuna.pruners.NopPruner,
    "median": optuna.pruners.MedianPruner,
    "halving": optuna.pruners.SuccessiveHalvingPruner,
    "hyperband": optuna.pruners.HyperbandPruner,
}
"""Name in the experiment file -> a pruner with Optuna's defaults."""


class NumberedSampler(BaseSampler):
    """A sampler whose random numbers come from a seed, the trial's number and the path alone.

    Optuna's samplers go on from one generator, so that a search that was interrupted would
    propose its first trials again, and two workers with one seed the same ones twice. Here a
    trial's proposal depends on the trials before it (not at all with `random`), and not on who
    makes it or when: arms with the same space get the same random proposals, and where an arm has
    a path more, the others' are still the same.

    Parameters
    ----------
    make : callable
        From a seed to the sampler that proposes.
    seed : int
        The study's; the same for every arm.
    """

    def __init__(self, make: Callable[[int], BaseSampler], seed: int) -> None:
        self._make, self._seed = make, seed
        self._trial: int | None = None
        self._sampler = make(seed)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """As Optuna asks."""
        return self._for(study, trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As Optuna asks."""
        return self._for(study, trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """As Optuna asks."""
        # of its own, for a trial that was lost may have some of its settings already
        sampler = self._made(_number(study, trial), *param_name.encode())
        return sampler.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """As Optuna asks."""
        self._for(study, trial).after_trial(study, trial, state, values)

    def _for(self, study: optuna.Study, trial: FrozenTrial) -> BaseSampler:
        """The sampler of all that is proposed together."""
        if self._trial != trial.number:
            self._sampler = self._made(_number(study, trial))
            self._trial = trial.number
        return self._sampler

    def _made(self, *key: int) -> BaseSampler:
        seed = np.random.SeedSequence([self._seed, *key]).generate_state(1)[0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return self._make(int(seed))


def _number(study: optuna.Study, trial: FrozenTrial) -> int:
    """The number it counts under; Hyperband hands out studies with some of the trials only."""
    trials = study._storage.get_all_trials(study._study_id, deepcopy=False)
    return numbers(trials)[trial.number]
