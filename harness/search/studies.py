"""The studies of a plan's arms: opened by their identity, and read when they are finished."""

from __future__ import annotations

from collections.abc import Mapping

from optuna.storages import BaseStorage

from harness.data import Dataset
from harness.errors import ExperimentError
from harness.experiment.fingerprint import study_hash
from harness.experiment.plan import Plan
from harness.experiment.search import Search
from harness.experiment.tuning import Tuning
from harness.preparation import Prepared
from harness.search.results import missing_trials, tuning_of
from harness.search.space import check_space
from harness.search.storage import explained, open_storage, storage_url, where_is
from harness.search.worker import ArmStudy, open_study

__all__ = ["check_apart", "found_tuning", "metric_of", "studies_of"]


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
    TrackingError
        The storage failed.
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
        with explained(name):
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
        There is no such search, it is not finished in every arm, or it chose by the test items.
    """
    search = check_space(prepared.plan)
    for dataset in prepared.datasets.values():  # the test items may be others than at the search
        check_apart(dataset)
    url = storage_url(storage)
    kept = open_storage(url, must_exist=True)
    studies = studies_of(prepared, search, kept, must_exist=True)
    missing_trials(studies)
    return tuning_of(studies, search, metric_of(prepared.plan, search), where_is(url))


def check_apart(dataset: Dataset) -> None:
    """See that a search on the validation items does not see the test items.

    Raises
    ------
    ExperimentError
        Half of the validation items or more are test items.
    """
    known = {_asked(item.fields) for item in dataset.test}
    same = sum(_asked(item.fields) in known for item in dataset.validation)
    if dataset.validation and 2 * same >= len(dataset.validation):
        raise ExperimentError(
            "the validation items are test items, so a search would choose by the test",
            where="base.data.validation",
            got=f"{same:,} of {len(dataset.validation):,} have the question and context of a"
            " test item",
            fix="set validation.share to carve items from the training items",
        )


def _asked(fields: Mapping[str, str]) -> tuple[str, ...]:
    """Question and context, whatever their case and white space."""
    texts = fields["question"], fields.get("context", "")
    return tuple(" ".join(text.casefold().split()) for text in texts)
