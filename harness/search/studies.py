"""The studies of a plan's arms: opened by their identity, and read when they are finished."""

from __future__ import annotations

from optuna.storages import BaseStorage

from harness.experiment.fingerprint import study_hash
from harness.experiment.plan import Plan
from harness.experiment.search import Search
from harness.experiment.tuning import Tuning
from harness.preparation import Prepared
from harness.search.results import missing_trials, tuning_of
from harness.search.space import check_space
from harness.search.storage import open_storage, storage_url, where_is
from harness.search.worker import ArmStudy, open_study

__all__ = ["found_tuning", "metric_of", "studies_of"]


def metric_of(plan: Plan, search: Search) -> str:
    """What a search optimizes: a metric's name, or `validation_loss`."""
    return search.metric or plan.experiment.analysis.primary


def studies_of(
    prepared: Prepared, search: Search, storage: BaseStorage, *, must_exist: bool = False
) -> dict[str, ArmStudy]:
    """Each arm's study by arm name; one that is not there is made.

    Parameters
    ----------
    prepared : Prepared
        The plan at the file's own settings.
    search : Search
        The experiment's section.
    storage : BaseStorage
    must_exist : bool
        Refuse to make one.

    Raises
    ------
    ExperimentError
        With `must_exist`: an arm was not searched.
    """
    plan = prepared.plan
    metric = metric_of(plan, search)
    found = {}
    for arm in plan.arms:
        own, hashes = search.for_arm(arm.name), prepared.hashes[arm.name]
        identity = study_hash(
            arm,
            own,
            metric,
            data={split: hashes[split] for split in ("train", "validation")},
            model=prepared.models[arm.name].identity,
        )
        name = f"{plan.experiment.name} / {arm.name} / {identity[:12]}"
        found[arm.name] = open_study(
            storage, name, arm, own, search.direction_for(metric), must_exist=must_exist
        )
    return found


def found_tuning(prepared: Prepared, storage: str | None) -> Tuning:
    """What finished searches have found for a plan's arms.

    Parameters
    ----------
    prepared : Prepared
        The plan at the file's own settings.
    storage : str or None
        As for `harness.search.storage_url`.

    Raises
    ------
    ExperimentError, TrackingError
        There is no such search, or it is not finished in every arm.
    """
    search = check_space(prepared.plan)
    url = storage_url(storage)
    kept = open_storage(url, must_exist=True)
    studies = studies_of(prepared, search, kept, must_exist=True)
    missing_trials(studies)
    return tuning_of(studies, search, metric_of(prepared.plan, search), where_is(url))
