"""The studies of a plan: their identity, and what they may not have seen."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from optuna.storages import InMemoryStorage

from harness.data import Dataset
from harness.errors import ExperimentError, TrackingError
from harness.experiment import load_experiment, make_plan
from harness.preparation import Prepared, prepare
from harness.search import check_space, studies
from harness.search.storage import open_storage
from harness.search.studies import check_apart, found_tuning, studies_of

FILE = Path(__file__).parents[2] / "experiments" / "quickstart_search.yaml"


def prepared(*changes: str) -> Prepared:
    small = ["data.train.limit=40", "data.test.limit=20"]
    return prepare(make_plan(load_experiment(FILE, [*small, *changes])))


@pytest.fixture(scope="module")
def plain() -> Prepared:
    return prepared()


def names(given: Prepared) -> list[str]:
    found = studies_of(given, check_space(given.plan), InMemoryStorage())
    return [one.study.study_name for one in found.values()]


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ("search.trials=3", True),
        ("search.metric=f1", True),  # what it is when left out
        ("search.direction=maximize", True),
        ("search.metric=em", False),
        ("search.pruner=median", False),
        ("search.seeds=[7]", False),
        ("training.epochs=1", False),
    ],
)
def test_what_makes_another_study(plain: Prepared, change: str, same: bool) -> None:
    assert (names(prepared(change)) == names(plain)) is same


def leaked(dataset: Dataset, n: int) -> Dataset:
    """The first validation items are test items, written a little differently."""
    copies = tuple(
        dataclasses.replace(one, fields={k: f" {text.upper()}\n" for k, text in one.fields.items()})
        for one in dataset.validation[:n]
    )
    return dataclasses.replace(dataset, test=(*dataset.test, *copies))


def test_validation_items_that_are_test_items_are_refused(plain: Prepared) -> None:
    dataset = next(iter(plain.datasets.values()))
    half = len(dataset.validation) // 2
    check_apart(leaked(dataset, half - 1))
    with pytest.raises(ExperimentError, match="would choose by the test"):
        check_apart(leaked(dataset, half + 1))


def test_also_where_the_test_items_came_after_the_search(plain: Prepared, tmp_path: Path) -> None:
    """A study does not depend on the test items, so that it would be found."""
    place = str(tmp_path / "a.journal")
    studies_of(plain, check_space(plain.plan), open_storage(place))
    other = {name: leaked(one, len(one.validation)) for name, one in plain.datasets.items()}
    with pytest.raises(ExperimentError, match="of 12 trials"):
        found_tuning(plain, place)
    with pytest.raises(ExperimentError, match="would choose by the test"):
        found_tuning(dataclasses.replace(plain, datasets=other), place)


def test_a_storage_that_cannot_be_written_is_explained(
    plain: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(studies, "open_study", refused)
    with pytest.raises(TrackingError, match="storage failed"):
        studies_of(plain, check_space(plain.plan), InMemoryStorage())
