"""JSON, JSON Lines, CSV and Parquet files as records.

Each reader raises DataError with file and line for whatever is wrong with a file's form. What
the columns hold is checked later, in `conversion`.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from harness.data.messages import counted, listed, nearest
from harness.data.records import Record, no_splits
from harness.data.squad import squad_records
from harness.data.texts import decoded, parsed_json
from harness.errors import DataError

__all__ = ["read_csv", "read_json", "read_jsonl", "read_parquet"]


def read_json(path: Path, split: str | None = None) -> list[Record]:
    """A list of objects, one of several such lists by its key, or the official SQuAD format.

    SQuAD's is an object with `data`, which is no split unless it is named as one.
    """
    tree = parsed_json(decoded(path), path)
    splits = _splits(tree)
    if split is not None and (splits.keys() - {"data"} or split in splits):
        return _objects(_chosen(splits, split, path), path, split)
    if split is not None and isinstance(tree, list | dict):
        raise no_splits(path, split)
    if isinstance(tree, dict) and "data" in tree:
        return squad_records(tree, str(path))
    if isinstance(tree, list):
        return _objects(tree, path, "")
    if splits:
        sizes = (f"{name} ({counted(len(rows), 'row')})" for name, rows in splits.items())
        raise DataError(
            "this JSON has splits, and none is named",
            where=str(path),
            got=f"an object with the splits {listed(sizes)}",
            fix=f"name one as `split` beside `file`, such as split: {next(iter(splits))};"
            " or save it as a list in a file of its own",
        )
    keys = f"an object with the keys {listed(tree)}" if isinstance(tree, dict) else repr(tree)
    raise DataError(
        "this JSON is not a data set",
        where=str(path),
        got=keys,
        allowed='a list of objects, {"train": [...], "test": [...]}, or SQuAD\'s {"data": [...]}',
    )


def read_jsonl(path: Path, split: str | None = None) -> list[Record]:
    """One object per line; blank lines are passed over. There are no splits to name."""
    _check_no_split(path, split)
    records = []
    # Not splitlines(): a JSON text may hold U+2028 and other line ends unescaped.
    for number, line in enumerate(decoded(path).split("\n"), start=1):
        if line.strip():
            row = _checked_object(parsed_json(line, path, number), f"{path}, line {number}")
            records.append(Record(f"{path}, line {number}: ", row))
    return records


def read_csv(path: Path, split: str | None = None) -> list[Record]:
    """Comma-separated, a header row, quoting as in RFC 4180; a column without a name is left out.

    A row is found by the line it starts on. There are no splits to name.
    """
    _check_no_split(path, split)
    # strict: otherwise an unclosed quote swallows the rest of the file without a word.
    rows = csv.reader(io.StringIO(decoded(path), newline=""), strict=True)
    records: list[Record] = []
    header: list[str] | None = None
    line = 1
    try:
        for cells in rows:
            if header is None and cells:
                header = _header(cells, f"{path}, line {line}")
            elif header is not None and cells:
                _check_width(cells, header, f"{path}, line {line}")
                named = {n: c for n, c in zip(header, cells, strict=True) if n}
                records.append(Record(f"{path}, line {line}: ", named))
            line = rows.line_num + 1
    except csv.Error as error:
        raise DataError(
            "this is not well-formed CSV",
            where=f"{path}, line {line}",
            got=str(error),
            allowed='cells of up to 131,072 characters; "quoted" where they hold , or a line end,'
            ' quotes inside doubled ("")',
            fix="save the table as JSON Lines or Parquet if its texts are long",
        ) from None
    return records


def read_parquet(path: Path, split: str | None = None) -> list[Record]:
    """Every column of a Parquet file; rows are counted from 1. There are no splits to name."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    _check_no_split(path, split)
    try:
        rows = pq.read_table(path).to_pylist()
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise DataError(
            "this is not a Parquet file that can be read",
            where=str(path),
            got=(str(error) or type(error).__name__).splitlines()[0],
            fix="write it again, for example with pandas' DataFrame.to_parquet",
        ) from None
    return [Record(f"{path}, row {number}: ", row) for number, row in enumerate(rows, start=1)]


def _check_no_split(path: Path, split: str | None) -> None:
    if split is not None:
        raise no_splits(path, split)


def _splits(tree: object) -> dict[str, list[object]]:
    """The lists in an object, by their keys."""
    entries = tree.items() if isinstance(tree, dict) else ()
    return {name: rows for name, rows in entries if isinstance(rows, list)}


def _chosen(splits: Mapping[str, list[object]], split: str, path: Path) -> list[object]:
    if split not in splits:
        raise DataError(
            f"there is no split {split!r} in this file",
            where=str(path),
            got=split,
            allowed=listed(splits),
            fix=nearest(split, splits),
        )
    return splits[split]


def _objects(rows: list[object], path: Path, split: str) -> list[Record]:
    """Rows of a list of objects, which stands under the key `split` if that is not empty."""
    records = []
    for index, row in enumerate(rows):
        where = f"{path}: {split}[{index}]"
        records.append(Record(f"{where}.", _checked_object(row, where)))
    return records


def _checked_object(row: object, where: str) -> dict[str, object]:
    if not isinstance(row, dict):
        raise DataError(
            "a row is not an object",
            where=where,
            got=f"{row!r} ({type(row).__name__})",
            allowed='an object such as {"question": ..., "answers": [...]}',
        )
    return row


def _header(cells: list[str], where: str) -> list[str]:
    twice = [name for name, times in Counter(cells).items() if times > 1 and name]
    if twice:
        raise DataError(
            "a column name occurs twice",
            where=where,
            got=listed(cells),
            fix=f"rename one of the columns {twice[0]!r}",
        )
    if len(cells) == 1 and any(mark in cells[0] for mark in ";\t"):
        raise DataError(
            "the columns are not separated by commas",
            where=where,
            got=cells[0],
            allowed="commas",
            fix="save the table again as comma-separated values",
        )
    return cells


def _check_width(cells: list[str], header: list[str], where: str) -> None:
    if len(cells) != len(header):
        raise DataError(
            "a row has the wrong number of cells",
            where=where,
            got=f"{len(cells)} cells, starting with {cells[0]!r}",
            allowed=f"{len(header)}, as in the header: {listed(header)}",
            fix="quote cells that hold a comma or a line end",
        )
