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
from harness.search.budget import origin_of

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
    """A sampler whose random numbers come from a seed and the trial's number alone.

    Optuna's samplers go on from one generator, so that a search that was interrupted would
    propose its first trials again, and two workers with one seed the same ones twice. Here a
    trial's proposal depends on the trials before it (not at all with `random`), and not on who
    makes it or when: arms with the same space get the same random proposals.

    Parameters
    ----------
    make : callable
        From a seed to the sampler that proposes.
    seed : int
        The study's; the same for every arm.
    """

    def __init__(self, make: Callable[[int], BaseSampler], seed: int) -> None:
        self._make, self._seed = make, seed
        self._number: int | None = None
        self._sampler = make(seed)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """As Optuna asks."""
        return self._for(trial).infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As Optuna asks."""
        return self._for(trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """As Optuna asks."""
        return self._for(trial).sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """As Optuna asks."""
        self._for(trial).after_trial(study, trial, state, values)

    def _for(self, trial: FrozenTrial) -> BaseSampler:
        number = origin_of(trial)
        if number != self._number:
            seed = np.random.SeedSequence([self._seed, number]).generate_state(1)[0]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                self._sampler = self._make(int(seed))
            self._number = number
        return self._sampler
