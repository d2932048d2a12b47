"""Where a split's rows come from: a local file, data embedded in the package, or the hub.

Finds and reads; what the rows mean is `conversion`'s work.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from harness.data.messages import listed, nearest
from harness.data.records import NoSplitsError, Origin, Reader, Record
from harness.errors import DataError, UnreachableError
from harness.experiment.section import EMBEDDED_PREFIX

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from harness.experiment.data import Data

__all__ = ["Hub", "Place", "load_from_hub", "read_file", "read_place"]

Hub = Callable[[str, str | None, str, str | None], Iterable[Mapping[str, object]]]
"""Rows of (data set, configuration, split, revision); may raise anything."""


class Place(NamedTuple):
    """Where one split is.

    Attributes
    ----------
    role : {"train", "validation", "test"}
        Which split it is.
    split : str or None
        Its name in the source or, beside a file, in that.
    file : str or None
        A local file, read instead of the source.
    """

    role: str
    split: str | None
    file: str | None


def read_place(place: Place, data: Data, readers: Mapping[str, Reader], hub: Hub) -> Origin:
    """All rows of one split.

    Parameters
    ----------
    place : Place
        A file is preferred to the source. Its split is one of the file's, or of the source's
        where there is one and the file has no splits.
    data : Data
        Names the source that `place.split` belongs to.
    readers : mapping of str to Reader
        By the file's suffix, in lower case.
    hub : callable
        Asked when the source is not embedded.

    Raises
    ------
    DataError
        The file, data set or split does not exist, or cannot be read.
    UnreachableError
        The hub does not answer.
    """
    if place.file is not None:
        where = f"base.data.{place.role}.file"
        try:
            return read_file(place.file, readers, where, place.split)
        except NoSplitsError:
            # --set base.data.test.file=… in an experiment on a source, whose split it names
            if data.source is None:
                raise
            return read_file(place.file, readers, where)
    source, split = str(data.source), str(place.split)
    if source.startswith(EMBEDDED_PREFIX):
        return _from_embedded(source.removeprefix(EMBEDDED_PREFIX), split, place.role, data)
    return _from_hub(split, place.role, data, hub)


def read_file(
    file: str, readers: Mapping[str, Reader], where: str, split: str | None = None
) -> Origin:
    """All rows of a local file, or of a split in it.

    Parameters
    ----------
    file : str
        May start with `~`.
    readers : mapping of str to Reader
        By the file's suffix, in lower case.
    where : str
        What named the file, for messages.
    split : str, optional
        Which of the file's splits; None where it has none.

    Raises
    ------
    DataError
        The file or the split does not exist, or cannot be read.
    """
    try:
        path = Path(file).expanduser()
        is_file, is_folder = path.is_file(), path.is_dir()
    except (OSError, RuntimeError) as error:  # a name too long; ~someone who is not known
        got = f"{file}: {error}"
        raise DataError("this is not a file name", where=where, got=got) from None
    if is_folder:
        raise DataError(
            "a data file is a folder",
            where=where,
            got=file,
            fix=f"name one file in it: {listed(_data_files(path, readers))}",
        )
    if not is_file:
        raise DataError(
            "there is no such data file",
            where=where,
            got=f"{file} (looked for from {os.getcwd()})",
            fix=nearest(path.name, _data_files(path.parent, readers)),
        )
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise DataError(
            "this kind of data file is not known",
            where=where,
            got=f"{file} (suffix {path.suffix!r})",
            allowed=listed(readers),
        )
    name = str(path) if split is None else f"{path}: {split}"
    return Origin(name, reader(path, split))


def load_from_hub(
    source: str, config: str | None, split: str, revision: str | None
) -> Iterable[Mapping[str, object]]:
    """Rows of a data set on the hub, or in a local folder, through `datasets`."""
    import datasets

    rows: Iterable[Mapping[str, object]] = datasets.load_dataset(
        source, config, split=split, revision=revision
    )
    return rows


def _data_files(folder: Path, readers: Mapping[str, Reader]) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir() if path.suffix.lower() in readers)
    except OSError:
        return []


def _from_embedded(name: str, split: str, role: str, data: Data) -> Origin:
    from harness.data.readers import read_json

    for option in ("config", "revision"):
        if getattr(data, option) is not None:
            raise DataError(
                f"embedded data has no `{option}`",
                where=f"base.data.{option}",
                got=getattr(data, option),
                fix="leave it out",
            )
    root = resources.files("harness.data") / "embedded"
    folder = _chosen(root, name, "", "data set", "base.data.source")
    file = _chosen(folder, split, ".json", "split", f"base.data.{role}.split")
    with resources.as_file(file) as path:
        # Where the package is installed is of no interest to a reader of messages.
        records = [
            Record(record.where.replace(str(path), f"{EMBEDDED_PREFIX}{name}/{split}"), values)
            for record in read_json(path)
            for values in [record.values]
        ]
    return Origin(f"{EMBEDDED_PREFIX}{name}/{split}", records)


def _chosen(folder: Traversable, name: str, suffix: str, noun: str, where: str) -> Traversable:
    """An entry of a folder by its name, compared as text, so that `..` leads nowhere."""
    entries = {
        entry.name.removesuffix(suffix): entry
        for entry in folder.iterdir()
        if (entry.is_file() and entry.name.endswith(suffix) if suffix else entry.is_dir())
        and not entry.name.startswith(("_", "."))
    }
    if name not in entries:
        names = sorted(entries)
        raise DataError(
            f"there is no embedded {noun} {name!r}",
            where=where,
            got=name,
            allowed=listed(names),
            fix=nearest(name, names),
        )
    return entries[name]


def _from_hub(split: str, role: str, data: Data, hub: Hub) -> Origin:
    source = str(data.source)
    name = f"{source}{f' ({data.config})' if data.config else ''}, split {split}"
    try:
        rows = list(hub(source, data.config, split, data.revision))
    except Exception as error:  # whatever a loader, a server or a decoder comes up with
        reason = str(error).strip().splitlines() or [""]
        call = f"{source!r}, {data.config!r}, split={split!r}, revision={data.revision!r}"
        away = isinstance(error, ConnectionError | TimeoutError)
        kind = UnreachableError if away else DataError
        trouble = "the hub cannot be reached" if away else "a data set cannot be loaded"
        raise kind(
            f"{trouble}; tried datasets.load_dataset({call})",
            where=f"base.data.source and base.data.{role}.split",
            got=f"{type(error).__name__}: {reason[0]}",
            fix="check the names and the network, or give a local file:"
            f" --set base.data.{role}.file=PATH (and likewise for the other splits)",
        ) from error
    records = [Record(f"{name}, row {number}: ", row) for number, row in enumerate(rows, start=1)]
    return Origin(name, records)
