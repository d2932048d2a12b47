"""The section `search`: what is tuned in each arm before the arms are compared.

The language only; what an optimizer makes of it is `harness.search`'s business.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt, field_validator, model_validator

from harness.experiment.names import LOWER_IS_BETTER, ValidationMetric
from harness.experiment.section import Section

__all__ = [
    "TUNABLE",
    "ArmSearch",
    "Choice",
    "Dimension",
    "FloatRange",
    "IntRange",
    "PrunerName",
    "SamplerName",
    "Search",
    "Space",
]

TUNABLE = ("prompt", "model", "training", "generation")
"""Sections that a space may reach into: a search decides how to train, never on what to judge."""

SamplerName = Literal["tpe", "random", "gp", "cmaes"]
PrunerName = Literal["none", "median", "halving", "hyperband"]
Direction = Literal["minimize", "maximize"]
Seed = Annotated[int, Field(ge=0, lt=2**32, strict=True)]

DEFAULT_TRIALS = 20


class _Conditional(Section):
    when: dict[str, Any] = Field(default_factory=dict)
    """Only where a categorical path of this space has this value, or one of a list of values."""

    def _when(self) -> str:
        """The condition for people."""
        texts = []
        for path, wanted in self.when.items():
            values = wanted if isinstance(wanted, list) else [wanted]
            texts.append(f"{path} is {' or '.join(map(str, values))}")
        return f", where {' and '.join(texts)}" if texts else ""

    def applies(self, chosen: dict[str, Any]) -> bool:
        """Whether it is part of a trial whose earlier paths have these values."""
        return all(
            path in chosen and chosen[path] in (wanted if isinstance(wanted, list) else [wanted])
            for path, wanted in self.when.items()
        )


class FloatRange(_Conditional):
    """A number between two ends."""

    kind: Literal["float"]
    low: float
    """Smallest value."""
    high: float
    """Largest value."""
    log: bool = False
    """Sample on a logarithmic scale."""
    step: Annotated[float, Field(gt=0)] | None = None
    """Only multiples of this above `low`."""

    @model_validator(mode="after")
    def _is_a_range(self) -> FloatRange:
        _check_range(self.low, self.high, log=self.log, step=self.step)
        return self

    def __str__(self) -> str:
        scale = " on a logarithmic scale" if self.log else f" by {self.step:g}" if self.step else ""
        return f"{self.low:g} to {self.high:g}{scale}{self._when()}"

    def contains(self, value: Any) -> bool:
        """Whether a value could be sampled."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        steps = (value - self.low) / self.step if self.step else 0.0
        return self.low <= value <= self.high and math.isclose(
            steps, round(steps), rel_tol=0.0, abs_tol=1e-8
        )


class IntRange(_Conditional):
    """A whole number between two ends, both included."""

    kind: Literal["int"]
    low: int
    """Smallest value."""
    high: int
    """Largest value."""
    log: bool = False
    """Sample on a logarithmic scale."""
    step: PositiveInt = 1
    """Only multiples of this above `low`."""

    @model_validator(mode="after")
    def _is_a_range(self) -> IntRange:
        _check_range(self.low, self.high, log=self.log, step=self.step if self.step > 1 else None)
        return self

    def __str__(self) -> str:
        scale = " on a logarithmic scale" if self.log else f" by {self.step}"
        return f"{self.low} to {self.high}{scale}{self._when()}"

    def contains(self, value: Any) -> bool:
        """Whether a value could be sampled."""
        if isinstance(value, bool) or not isinstance(value, int):
            return False
        return self.low <= value <= self.high and (value - self.low) % self.step == 0


class Choice(_Conditional):
    """One of several values, whatever they are."""

    kind: Literal["categorical"]
    choices: Annotated[tuple[Any, ...], Field(min_length=2)]
    """The values: numbers, text, true and false, lists or mappings."""

    @field_validator("choices")
    @classmethod
    def _choices_differ(cls, choices: tuple[Any, ...]) -> tuple[Any, ...]:
        # 1, 1.0 and true are one to Python, and so they would be to the storage
        if any(one == other for one, other in itertools.combinations(choices, 2)):
            raise ValueError("a choice occurs twice")
        return choices

    def __str__(self) -> str:
        return f"{', '.join(map(str, self.choices))}{self._when()}"

    def contains(self, value: Any) -> bool:
        """Whether a value could be sampled."""
        return any(type(value) is type(one) and value == one for one in self.choices)


Dimension = Annotated[FloatRange | IntRange | Choice, Field(discriminator="kind")]
Space = dict[str, Dimension]


class ArmSearch(Section):
    """What is different in the search of one arm; the rest is as for all arms."""

    space: dict[str, Dimension | None] = Field(default_factory=dict)
    """Paths that are added or replaced, or with null left out."""
    trials: PositiveInt | None = None
    """Trials of this arm."""
    seconds: Annotated[float, Field(gt=0)] | None = None
    """Seconds of this arm."""

    @field_validator("space")
    @classmethod
    def _can_be_tuned(cls, space: dict[str, Dimension | None]) -> dict[str, Dimension | None]:
        _check_tunable(space)
        return space


class Search(Section):
    """A search for each arm's best settings, on validation items only."""

    space: Annotated[Space, Field(min_length=1)]
    """Dotted paths in `prompt`, `model`, `training` or `generation`, and what each may be."""
    trials: PositiveInt | None = None
    """Trials for each arm in all, over all workers and restarts; 20 if `seconds` is left out too.
    The first one is the file's own settings, where they lie in the space."""
    seconds: Annotated[float, Field(gt=0)] | None = None
    """Instead: seconds of trials for each arm in all; one that has begun is finished."""
    sampler: SamplerName = "tpe"
    """How settings are proposed: `tpe`, `random`, `gp`, or `cmaes` (ranges without conditions)."""
    pruner: PrunerName = "none"
    """When a trial is given up by its validation scores in between; the same rule in each arm."""
    metric: ValidationMetric | None = None
    """What is optimized on the validation items; `analysis.primary` when left out."""
    direction: Direction | None = None
    """`minimize` for `validation_loss` and `ser`, `maximize` for other scores when left out."""
    seeds: Annotated[tuple[Seed, ...], Field(min_length=1)] = (1000,)
    """Seeds of training for each trial, whose scores are averaged; none of the experiment's own."""
    sampler_seed: Seed = 0
    """Seed of the proposals; the same for each arm."""
    arms: dict[str, ArmSearch] = Field(default_factory=dict)
    """By arm, such as `question / nf4`: what is different there. The report says so."""

    @field_validator("space")
    @classmethod
    def _can_be_tuned(cls, space: Space) -> Space:
        _check_tunable(space)
        return space

    @model_validator(mode="after")
    def _is_consistent(self) -> Search:
        budgets: list[Search | ArmSearch] = [self, *self.arms.values()]
        if any(one.trials is not None and one.seconds is not None for one in budgets):
            raise ValueError("give either `trials` or `seconds`")
        if len({*self.seeds}) < len(self.seeds):
            raise ValueError("a seed occurs twice; a repeated seed is not a replicate")
        for name, own in self.arms.items():
            for path, dimension in own.space.items():
                if dimension is None and path not in self.space:
                    raise ValueError(
                        f"arms.{name}.space leaves out {path!r}, which is not in the space"
                        f" ({', '.join(self.space)})"
                    )
        return self

    def direction_for(self, metric: str) -> Direction:
        """`direction`, with its default for a metric."""
        return self.direction or ("minimize" if metric in LOWER_IS_BETTER else "maximize")

    def for_arm(self, arm: str) -> Search:
        """The search of one arm, with what `arms` says about it; its budget is always given."""
        own = self.arms.get(arm, ArmSearch())
        space = {path: one for path, one in {**self.space, **own.space}.items() if one is not None}
        trials, seconds = self.trials, self.seconds
        if own.trials is not None or own.seconds is not None:
            trials, seconds = own.trials, own.seconds
        if trials is None and seconds is None:
            trials = DEFAULT_TRIALS
        changes = {"space": space, "trials": trials, "seconds": seconds, "arms": {}}
        return self.model_copy(update=changes)


def _check_tunable(paths: Iterable[str]) -> None:
    for path in paths:
        section, _, rest = path.partition(".")
        if section not in TUNABLE or not rest:
            raise ValueError(
                f"{path!r} cannot be tuned: a path starts with one of"
                f" {', '.join(f'{name}.' for name in TUNABLE)}, for a search decides how an arm"
                " is trained and never on what it is judged"
            )


def _check_range(low: float, high: float, *, log: bool, step: float | None) -> None:
    if low >= high:
        raise ValueError(f"`low` ({low:g}) has to be below `high` ({high:g})")
    if log and low <= 0:
        raise ValueError(f"a logarithmic range starts above 0, not at {low:g}")
    if log and step is not None:
        raise ValueError("give either `log` or `step`")
