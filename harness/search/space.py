"""A search space: checked before the first trial, and asked for one trial's settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harness.errors import ExperimentError
from harness.experiment import Arm, Plan
from harness.experiment.load import resolve_base
from harness.experiment.plan import flattened
from harness.experiment.search import Choice, Dimension, FloatRange, IntRange, Search, Space

if TYPE_CHECKING:
    import optuna

    from harness.experiment.base import Base

__all__ = ["check_space", "default_params", "label", "suggest"]

_TARGETS = ("prompt.target", "prompt.max_target_tokens")
_WITHIN = 0.381966  # of a range: unlikely to be a whole number whatever its ends are


def check_space(plan: Plan) -> Search:
    """See that every arm can be searched.

    Returns
    -------
    Search
        The experiment's section `search`.

    Raises
    ------
    ExperimentError
        There is no such section, an arm has no validation items, the space reaches into what the
        arms differ in, a condition or an end of a range cannot be used, or a seed would be used
        both for choosing and for comparing.
    """
    search = plan.experiment.search
    if search is None:
        raise ExperimentError(
            "there is nothing to search: the experiment has no section `search`",
            where=plan.experiment.name,
            allowed="search: {space: {training.learning_rate: {kind: float, low: 1.0e-4,"
            " high: 1.0e-2, log: true}}, trials: 20}",
            fix="add it, or start from experiments/quickstart_search.yaml",
        )
    _check_names(plan, search)
    _check_direction(search, search.metric or plan.experiment.analysis.primary)
    _check_seeds(plan, search)
    _check_trains(plan)
    _check_apart_from_factors(plan, search)
    for arm in plan.arms:
        own = search.for_arm(arm.name)
        if arm.config.data.validation is None:
            raise ExperimentError(
                "a search needs validation items, since no trial ever sees the test items",
                where="base.data.validation",
                fix="set data.validation, such as {share: 0.1}",
            )
        _check_conditions(arm, own.space)
        _check_sampler(arm, own)
        _check_metric(arm, own, search.metric or plan.experiment.analysis.primary)
        _check_values(arm, own.space)
    return search


def suggest(trial: optuna.Trial, space: Space) -> dict[str, Any]:
    """One trial's settings: a value for each path whose condition holds."""
    chosen: dict[str, Any] = {}
    for path, dimension in space.items():
        if dimension.applies(chosen):
            chosen[path] = _suggested(trial, path, dimension)
    return chosen


def default_params(arm: Arm, space: Space) -> dict[str, Any] | None:
    """An arm's own settings as a trial's parameters; None if one of them is outside the space."""
    flat = dict(flattened(arm.config.model_dump(mode="json")))
    found: dict[str, Any] = {}
    for path, dimension in space.items():
        if not dimension.applies(found):
            continue
        if isinstance(dimension, Choice):
            same = [one for one in dimension.choices if _changes_nothing(arm, path, one)]
            if not same:
                return None
            found[path] = same[0]
            continue
        value = flat.get(path)
        if isinstance(dimension, IntRange) and isinstance(value, float) and value.is_integer():
            value = int(value)  # whole numbers of a setting that need not be one
        if not dimension.contains(value):
            return None
        found[path] = value
    return {path: label(value) for path, value in found.items()}


def _changes_nothing(arm: Arm, path: str, choice: Any) -> bool:
    """Whether a choice is what the arm has, however the file writes it (2 and 2.0, defaults)."""
    try:
        return resolve_base(arm.config, [{path: choice}], path) == arm.config
    except ExperimentError:  # it does not go with the arm's other settings
        return False


def _suggested(trial: optuna.Trial, path: str, dimension: Dimension) -> Any:
    if isinstance(dimension, Choice):
        bylabel = {label(value): value for value in dimension.choices}
        return bylabel[trial.suggest_categorical(path, [*bylabel])]
    low, high = dimension.low, dimension.high
    if isinstance(dimension, FloatRange):
        return trial.suggest_float(path, low, high, step=dimension.step, log=dimension.log)
    return trial.suggest_int(path, int(low), int(high), step=dimension.step, log=dimension.log)


def label(value: Any) -> Any:
    """A value as Optuna's storages take it; lists and mappings as JSON."""
    plain = value is None or isinstance(value, str | int | float | bool)
    return value if plain else json.dumps(value, sort_keys=True)


def _ends(space: Space) -> Iterator[tuple[str, dict[str, Any]]]:
    """The ends of each range and each choice, as overrides with what its condition asks for.

    Of a range of fractions also one from within: a setting may take whole numbers only.
    """
    for path, dimension in space.items():
        if isinstance(dimension, Choice):
            values = [*dimension.choices]
        else:
            values = [dimension.low, dimension.high]
        if isinstance(dimension, FloatRange):
            width = dimension.high - dimension.low
            values.append(dimension.low + min(dimension.step or _WITHIN * width, width))
        for value in values:
            yield path, {**_needed(space, dimension), path: value}


def _needed(space: Space, dimension: Dimension) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, wanted in dimension.when.items():
        found |= _needed(space, space[path])
        found[path] = wanted[0] if isinstance(wanted, list) else wanted
    return found


def _check_names(plan: Plan, search: Search) -> None:
    names = [arm.name for arm in plan.arms]
    unknown = next((name for name in search.arms if name not in names), None)
    if unknown is not None:
        raise ExperimentError(
            "there is no such arm",
            where=f"search.arms.{unknown}",
            got=unknown,
            allowed=", ".join(names),
        )


def _check_direction(search: Search, metric: str) -> None:
    better = search.model_copy(update={"direction": None}).direction_for(metric)
    if search.direction not in (None, better):
        raise ExperimentError(
            "the search would choose the worst settings",
            where="search.direction",
            got=f"{search.direction} of {metric}",
            allowed=better,
        )


def _check_seeds(plan: Plan, search: Search) -> None:
    shared = sorted({*search.seeds} & {*plan.experiment.seeds})
    if shared:
        raise ExperimentError(
            "a seed would choose the settings and compare them too, so that its luck would count"
            " as theirs",
            where="search.seeds",
            got=", ".join(map(str, shared)),
            allowed=f"seeds that are not among the experiment's ({plan.experiment.seeds})",
        )


def _check_trains(plan: Plan) -> None:
    none = next((arm for arm in plan.arms if arm.config.training.is_none), None)
    if none is not None:
        raise ExperimentError(
            "an arm that trains nothing has no settings to search for",
            where="training.max_steps",
            got=f"0 in arm {none.name}",
            fix="search without the factor that has this level, and write the best settings into"
            " `base` of this file",
        )


def _check_apart_from_factors(plan: Plan, search: Search) -> None:
    """What the arms differ in is the question; tuning it would make the arms the same."""
    paths = {*search.space, *(path for own in search.arms.values() for path in own.space)}
    for factor, axis in plan.experiment.factors.items():
        for level in axis.levels.values():
            for own in (path.removeprefix("base.") for path in level):
                for path in sorted(paths):
                    if f"{path}.".startswith(f"{own}.") or f"{own}.".startswith(f"{path}."):
                        raise ExperimentError(
                            "the space reaches into what a factor varies, so a search would undo"
                            " the difference between the arms",
                            where=f"search.space.{path} and factors.{factor}",
                            got=own,
                            fix="tune something else, or take it out of the factor",
                        )


def _check_conditions(arm: Arm, space: Space) -> None:
    before: dict[str, Dimension] = {}
    for path, dimension in space.items():
        for other, wanted in dimension.when.items():
            known = before.get(other)
            where = f"search.space.{path}.when.{other}, in arm {arm.name}"
            if not isinstance(known, Choice):
                raise ExperimentError(
                    "a condition names a categorical path of this space that stands before it",
                    where=where,
                    got=other,
                    allowed=", ".join(p for p, d in before.items() if isinstance(d, Choice))
                    or "none: there is no categorical path before it",
                )
            values = wanted if isinstance(wanted, list) else [wanted]
            wrong = [value for value in values if not known.contains(value)]
            if wrong or not values:
                raise ExperimentError(
                    "a condition asks for a value that is not one of the choices",
                    where=where,
                    got=repr(wrong[0]) if wrong else "no value",
                    allowed=", ".join(map(repr, known.choices)),
                )
        before[path] = dimension


def _check_sampler(arm: Arm, search: Search) -> None:
    if search.sampler != "cmaes":
        return
    bad = next((p for p, d in search.space.items() if isinstance(d, Choice) or d.when), None)
    if bad is not None or len(search.space) < 2:
        raise ExperimentError(
            "CMA-ES needs at least two ranges, and knows neither choices nor conditions",
            where=f"search.sampler, in arm {arm.name}",
            got=f"search.space.{bad}" if bad else "one range",
            fix="use sampler: tpe or gp",
        )


def _check_metric(arm: Arm, search: Search, metric: str) -> None:
    """Losses of other targets are losses of other tasks: the shortest target would win."""
    targets = [path for path in search.space if path in _TARGETS]
    if metric == "validation_loss" and targets:
        raise ExperimentError(
            "validation losses of different targets cannot be compared",
            where=f"search.space.{targets[0]}, in arm {arm.name}",
            fix="set search.metric to a score, such as f1, or tune something else",
        )


def _check_values(arm: Arm, space: Space) -> None:
    """Each value by itself is part of the language, and two choices are two."""
    before: dict[str, list[tuple[Any, Base]]] = {}
    for path, end in _ends(space):
        where = f"search.space.{path}, in arm {arm.name}"
        config = resolve_base(arm.config, [end], where)
        if config.training.overfit_batches is not None:
            raise ExperimentError(
                "training.overfit_batches validates on training items, so a search would choose"
                " by what was learned by heart",
                where=where,
                got=str(config.training.overfit_batches),
                fix="leave it out",
            )
        known = before.setdefault(path, [])
        twin = next((one for one, other in known if other == config), None)
        if isinstance(space[path], Choice) and twin is not None:
            raise ExperimentError(
                "two choices are the same setting, which would be tried twice as often",
                where=where,
                got=f"{twin!r} and {end[path]!r}",
                fix="keep one of them",
            )
        known.append((end[path], config))
