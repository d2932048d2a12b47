"""A file of predictions, opened: what kind of file it is, and what stands in it.

Knows JSON from Parquet, but not one format of predictions from another.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from harness.data.messages import listed, nearest
from harness.data.readers import read_csv, read_parquet
from harness.data.records import Record
from harness.data.texts import decoded, parsed_json
from harness.errors import DataError

__all__ = ["Kind", "Source", "opened"]

Kind = Literal["JSON", "JSON Lines", "CSV", "Parquet", "zip", "unknown"]

_SUFFIXES: dict[str, Kind] = {
    ".json": "JSON",
    ".jsonl": "JSON Lines",
    ".ndjson": "JSON Lines",
    ".csv": "CSV",
    ".parquet": "Parquet",
    ".eval": "zip",
}
_BEGINNINGS: dict[bytes, Kind] = {b"PAR1": "Parquet", b"PK\x03\x04": "zip", b"{": "JSON"}
_MARK = b"\xef\xbb\xbf"


class Source(NamedTuple):
    """A file and what it holds.

    Attributes
    ----------
    path : Path
    kind : Kind
        By its name's suffix or, where that says nothing, by its first bytes.
    text : str
        All of a JSON file, otherwise empty.
    tree : object
        What a JSON file holds, otherwise None.
    records : sequence of Record
        The rows of JSON Lines, CSV and Parquet, otherwise empty.
    """

    path: Path
    kind: Kind
    text: str = ""
    tree: Any = None
    records: Sequence[Record] = ()


def opened(path: Path) -> Source:
    """A file's kind and content; a zip is not unpacked.

    Raises
    ------
    DataError
        There is no such file, it is a folder or empty, or it is broken.
    """
    _check_file(path)
    kind = _SUFFIXES.get(path.suffix.lower()) or _kind(path)
    if kind == "JSON":
        text = decoded(path)
        return Source(path, kind, text=text, tree=parsed_json(text, path))
    if kind == "JSON Lines":
        return Source(path, kind, records=_lines(path))
    if kind == "CSV":
        return Source(path, kind, records=read_csv(path))
    if kind == "Parquet":
        return Source(path, kind, records=read_parquet(path))
    return Source(path, kind)


def _check_file(path: Path) -> None:
    try:
        is_file, is_folder = path.is_file(), path.is_dir()
        size = path.stat().st_size if is_file else 0
    except (OSError, ValueError) as error:  # a name too long, or with a null byte
        raise DataError("this is not a file name", where=str(path), got=str(error)) from None
    if is_folder:
        raise DataError(
            "a predictions file is a folder",
            where=str(path),
            fix=f"name one file in it: {listed(_files(path))}",
        )
    if not is_file:
        raise DataError(
            "there is no such predictions file",
            where=f"{path} (looked for from {Path.cwd()})",
            fix=nearest(path.name, _files(path.parent)),
        )
    if not size:
        raise DataError("a predictions file is empty", where=str(path), got="0 bytes")


def _files(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
    except OSError:
        return []


def _kind(path: Path) -> Kind:
    try:
        with path.open("rb") as file:
            beginning = file.read(64).removeprefix(_MARK).lstrip()
    except OSError as error:
        got = error.strerror or type(error).__name__
        raise DataError("a predictions file cannot be read", where=str(path), got=got) from None
    return next((k for mark, k in _BEGINNINGS.items() if beginning.startswith(mark)), "unknown")


def _lines(path: Path) -> list[Record]:
    records = []
    # Not splitlines(): a JSON text may hold U+2028 and other line ends unescaped.
    for number, line in enumerate(decoded(path).split("\n"), start=1):
        if line.strip():
            where, row = f"{path}, line {number}", parsed_json(line, path, number)
            if not isinstance(row, dict):
                got = f"{row!r} ({type(row).__name__})"
                raise DataError("a row is not an object", where=where, got=got)
            records.append(Record(f"{where}: ", row))
    return records
