"""From an experiment to what has to be run and what will be compared.

The full factorial of all factors gives the arms; each arm at each seed is one
run. What is compared is `contrasts`' work. Nothing is loaded here.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import ExperimentError
from harness.experiment.base import CIRCUMSTANCES, Base
from harness.experiment.contrasts import Hypothesis, declared_hypotheses
from harness.experiment.load import resolve_base
from harness.experiment.schema import Experiment

__all__ = ["Arm", "Plan", "RunSpec", "changed_paths", "in_order", "make_plan"]


@dataclass(frozen=True)
class Arm:
    """One combination of levels.

    Attributes
    ----------
    name : str
        The levels' labels in the order of the factors, such as `question+context / nf4`.
    levels : mapping
        From factor to level label.
    config : Base
        The configuration with the levels' overrides applied.
    """

    name: str
    levels: Mapping[str, str]
    config: Base

    @property
    def base_key(self) -> str:
        """What arms must have in common to share one loaded base model, as text."""
        return self.config.model.model_dump_json(exclude={"adapter", "freeze"})


@dataclass(frozen=True)
class RunSpec:
    """One arm at one seed.

    Attributes
    ----------
    arm : Arm
    seed : int
    twice : bool
        Whether its answers are generated twice, for the noise floor.
    """

    arm: Arm
    seed: int
    twice: bool = False

    @property
    def name(self) -> str:
        """Name for people, such as `question / full / seed 0`."""
        return f"{self.arm.name} / seed {self.seed}"


@dataclass(frozen=True)
class Plan:
    """Everything that an experiment asks for."""

    experiment: Experiment
    arms: tuple[Arm, ...]
    runs: tuple[RunSpec, ...]
    hypotheses: tuple[Hypothesis, ...]


def make_plan(experiment: Experiment) -> Plan:
    """Expand an experiment into arms, runs and hypotheses.

    Runs that share a base model follow each other, so that it is loaded once and one
    base at a time is in memory; among them, seed by seed. With `analysis.sequential` a seed is
    completed in all arms before the next one begins.

    Raises
    ------
    ExperimentError
        There are too few seeds to look between, two factors override the same path, two arms are
        the same, or a hypothesis names a factor or treatment that does not exist.
    """
    _check_looks(experiment)
    _check_factors_apart(experiment)
    arms = tuple(_arms(experiment))
    _check_arms_differ(arms)
    runs = [
        RunSpec(arm, seed, twice=experiment.analysis.noise_floor and arm is arms[0])
        for seed in experiment.seeds
        for arm in arms  # the first has the control level of every factor
    ]
    levels = {arm.name: arm.levels for arm in arms}
    hypotheses = tuple(declared_hypotheses(experiment, levels))
    return Plan(experiment, arms, in_order(runs, experiment), hypotheses)


def in_order(runs: Iterable[RunSpec], experiment: Experiment) -> tuple[RunSpec, ...]:
    """Runs, given seed by seed, in the order in which they are executed; see `make_plan`."""
    runs = list(runs)
    bases = list(dict.fromkeys(run.arm.base_key for run in runs))
    looked_at = experiment.analysis.sequential  # after each round of seeds
    rounds = {seed: n for n, seed in enumerate(experiment.seeds)} if looked_at else {}
    # stable: what is equal stays in order
    runs.sort(key=lambda run: (rounds.get(run.seed, 0), bases.index(run.arm.base_key)))
    return tuple(runs)


def changed_paths(arms: tuple[Arm, ...]) -> tuple[str, ...]:
    """Dotted paths of the configuration whose values differ between arms."""
    flat = [dict(flattened(arm.config.model_dump(mode="json"))) for arm in arms]
    paths = dict.fromkeys(path for one in flat for path in one)
    return tuple(p for p in paths if len({repr(one.get(p)) for one in flat}) > 1)


def flattened(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted path and value of each leaf of nested mappings."""
    for key, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from flattened(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _arms(experiment: Experiment) -> Iterator[Arm]:
    axes = experiment.factors
    for labels in itertools.product(*(axis.levels for axis in axes.values())):
        levels = dict(zip(axes, labels, strict=True))
        changes = [axes[factor].levels[label] for factor, label in levels.items()]
        name = " / ".join(labels)
        yield Arm(name, levels, resolve_base(experiment.base, changes, f"arm {name}"))


def _check_looks(experiment: Experiment) -> None:
    if experiment.analysis.sequential and len(experiment.seeds) < 4:
        raise ExperimentError(
            "looks between rounds of seeds need more seeds: the first one is after the third",
            where="seeds, with analysis.sequential",
            got=f"{len(experiment.seeds)} seeds",
            allowed="at least four",
            fix="plan for as many seeds as you could afford, or leave sequential out",
        )


def _check_factors_apart(experiment: Experiment) -> None:
    """The effect of a factor is only its own if no other factor touches the same place."""
    owners: dict[str, str] = {}
    for factor, axis in experiment.factors.items():
        paths = {p.removeprefix("base.") for level in axis.levels.values() for p in level}
        for path in paths:
            for other, owner in owners.items():
                if f"{path}.".startswith(f"{other}.") or f"{other}.".startswith(f"{path}."):
                    raise ExperimentError(
                        "two factors override the same thing, so their effects would be mixed up",
                        where=f"factors.{owner} and factors.{factor}",
                        got=" and ".join(dict.fromkeys([other, path])),
                        fix="let only one factor override it, or make one factor of both",
                    )
        owners |= dict.fromkeys(paths, factor)


def _check_arms_differ(arms: tuple[Arm, ...]) -> None:
    seen: dict[str, Arm] = {}
    for arm in arms:
        key = arm.config.model_dump_json(exclude=CIRCUMSTANCES)
        if key in seen:
            first = seen[key]
            differing = [f for f in arm.levels if arm.levels[f] != first.levels[f]]
            raise ExperimentError(
                "a level changes nothing: two arms have the same configuration",
                where=", ".join(f"factors.{factor}" for factor in differing),
                got=f"{first.name!r} and {arm.name!r} are the same",
                fix="let the level override a path with a value that differs from the control's",
            )
        seen[key] = arm
