"""Systems and their files of predictions, paired with the items that they answer.

Checks what can be paired and says what cannot; scores nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from harness.data import Dataset
from harness.data.messages import counted, listed
from harness.errors import DataError
from harness.predictions import Predictions, read_predictions
from harness.results import RunRecord

__all__ = ["System", "digest_of", "named_files", "paired_items", "read_systems", "record_of"]

_NAMED = 3  # of ids, in a message


@dataclass(frozen=True)
class System:
    """One file of a system.

    Attributes
    ----------
    name : str
    seed : int
        Counts the files of this name, from 0.
    path : Path
    found : Predictions
    """

    name: str
    seed: int
    path: Path
    found: Predictions


def named_files(given: Sequence[str]) -> list[tuple[str, Path]]:
    """Names and files of `NAME=FILE` texts, at least two different names.

    Raises
    ------
    DataError
        A text has another form, or there is one name only.
    """
    places = []
    for text in given:
        name, equals, file = text.partition("=")
        if not (name.strip() and equals and file.strip()):
            raise DataError(
                "predictions need a name and a file",
                where="--predictions",
                got=text,
                allowed="NAME=FILE, such as baseline=predictions/baseline.json",
            )
        places.append((name.strip(), Path(file).expanduser()))
    if len({name for name, _ in places}) < 2:
        raise DataError(
            "there is nothing to compare with",
            where="--predictions",
            got=listed(given),
            allowed="at least two different names; the same name again is another training seed",
        )
    return places


def read_systems(places: Sequence[tuple[str, Path]]) -> list[System]:
    """The predictions of named files; the same name again is another seed.

    Raises
    ------
    DataError
        A file cannot be read, is given twice, or the systems have different numbers of files.
    """
    systems: list[System] = []
    for name, path in places:
        seed = sum(one.name == name for one in systems)
        systems.append(System(name, seed, path, read_predictions(path)))
    _check_seeds(systems)
    return systems


def _check_seeds(systems: Sequence[System]) -> None:
    """Each system has as many files, and no file counts twice."""
    counts = Counter(one.name for one in systems)
    if len({*counts.values()}) > 1:
        raise DataError(
            "the systems have different numbers of files, so that seeds cannot be paired",
            where="--predictions",
            got=", ".join(f"{name}: {counted(n, 'file')}" for name, n in counts.items()),
            allowed="as many files, one for each training seed, of every system",
        )
    known: dict[tuple[str, str], Path] = {}
    for one in systems:
        key = one.name, digest_of(one.path)
        if key in known:
            raise DataError(
                "a file is given twice for a system; a repeated seed is not a replicate",
                where="--predictions",
                got=f"{one.name}={one.path} has the content of {known[key]}",
            )
        known[key] = one.path


def paired_items(
    dataset: Dataset, systems: Sequence[System], missing_is_empty: bool
) -> tuple[set[str], list[str]]:
    """Ids of the items that are compared, and sentences on what does not match on both sides.

    Raises
    ------
    DataError
        A file has no prediction for any item, or no item is answered in all files.
    """
    known = {item.id for item in dataset.test}
    kept = set(known)
    lacking: dict[frozenset[str], list[str]] = {}
    unknown: dict[frozenset[str], list[str]] = {}
    for one in systems:
        own = set(one.found.answers)
        if not own & known:
            raise DataError(
                "no prediction has the id of an item",
                where=str(one.path),
                got=f"ids such as {_some(own)}",
                allowed=f"ids of the references, such as {_some(known)}",
                fix="the references have no ids and are named by row: add a column `id` to them"
                if _unnamed(dataset)
                else "give the references that these predictions were made for",
            )
        whose = f"{one.name} ({one.path.name})"
        lacking.setdefault(frozenset(known - own), []).append(whose)
        unknown.setdefault(frozenset(own - known), []).append(whose)
        kept &= own
    taken = (
        "count as empty answers, which are right where a question has none"
        if missing_is_empty
        else "are left out for all systems"
    )
    notes = [
        f"No prediction for {len(ids):,} of {counted(len(known), 'item')}, such as {_some(ids)},"
        f" in {_files(whose, systems)}; they {taken}."
        for ids, whose in lacking.items()
        if ids
    ]
    notes += [
        f"{counted(len(ids), 'prediction')} whose id no item has, such as {_some(ids)}, in"
        f" {_files(whose, systems)}; not looked at."
        for ids, whose in unknown.items()
        if ids
    ]
    if not kept and not missing_is_empty:
        raise DataError(
            "no item has a prediction of every system",
            where="--predictions",
            got=" ".join(notes),
            fix="compare systems that answered the same items, or give --missing empty",
        )
    return (known if missing_is_empty else kept), notes


def _unnamed(dataset: Dataset) -> bool:
    return any("have no id" in note for note in dataset.notes)


def _files(whose: Sequence[str], systems: Sequence[System]) -> str:
    return "every file" if len(whose) == len(systems) else ", ".join(whose)


def _some(ids: Set[str]) -> str:
    return ", ".join(repr(one) for one in sorted(ids)[:_NAMED])


def record_of(one: System, dataset: Dataset, kept: set[str]) -> RunRecord:
    """A file's predictions for the items in `kept` as those of a finished run."""
    items = [item for item in dataset.test if item.id in kept]
    columns: dict[str, list[object]] = {"item": [item.id for item in items]}
    for level, name in enumerate(dataset.cluster_names):
        columns[name] = [item.clusters[level] for item in items]
    columns["references"] = [list(item.answers) for item in items]
    columns["prediction"] = [one.found.answers.get(item.id, "") for item in items]
    frame = pd.DataFrame(columns)
    return RunRecord(one.name, one.seed, "finished", digest_of(one.path), predictions=frame)


def digest_of(path: Path) -> str:
    """sha256 of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
