"""Answers as a file that `harness compare`, SQuAD's script or a spreadsheet reads.

Scores nothing. To add a format, write a `Writer` and give it a row in `WRITERS`.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from harness.data.messages import listed
from harness.errors import OutputError

__all__ = ["WRITERS", "Writer", "check_output", "write_answers"]

Writer = Callable[[Sequence[tuple[str, str]]], bytes]
"""From pairs of item id and answer to a file's content."""


def as_jsonl(answers: Sequence[tuple[str, str]]) -> bytes:
    """An object with `item` and `prediction` per line."""
    rows = ({"item": item, "prediction": text} for item, text in answers)
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()


def as_squad(answers: Sequence[tuple[str, str]]) -> bytes:
    """The JSON object, id to answer, that SQuAD's evaluation script reads."""
    return (json.dumps(dict(answers), ensure_ascii=False, indent=1) + "\n").encode()


def as_csv(answers: Sequence[tuple[str, str]]) -> bytes:
    """The columns `item` and `prediction`."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([("item", "prediction"), *answers])
    return text.getvalue().encode()


def as_parquet(answers: Sequence[tuple[str, str]]) -> bytes:
    """The columns `item` and `prediction`, as in a run's `predictions.parquet`."""
    import pandas as pd

    content = io.BytesIO()
    pd.DataFrame(list(answers), columns=["item", "prediction"]).to_parquet(content, index=False)
    return content.getvalue()


WRITERS: dict[str, Writer] = {
    ".jsonl": as_jsonl,
    ".json": as_squad,
    ".csv": as_csv,
    ".parquet": as_parquet,
}
"""Formats by the file's suffix in lower case."""


def check_output(path: Path) -> None:
    """See that a file can be written there, before hours of work depend on it.

    Raises
    ------
    OutputError
        Its suffix says no format, or it cannot be written.
    """
    if path.suffix.lower() not in WRITERS:
        raise OutputError(
            "this kind of file cannot be written",
            where=f"--output {path}",
            got=f"suffix {path.suffix!r}",
            allowed=listed(WRITERS),
        )
    if path.is_dir():
        raise OutputError("a folder has the output file's name", where=f"--output {path}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = _beside(path)
        beside.touch()
        beside.unlink()
    except OSError as error:
        raise _cannot_write(path, error) from None


def write_answers(answers: Sequence[tuple[str, str]], path: Path) -> None:
    """Write answers in the format of the file's suffix, all at once or not at all.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    content = WRITERS[path.suffix.lower()](answers)
    beside = _beside(path)
    try:
        beside.write_bytes(content)
        os.replace(beside, path)
    except OSError as error:
        raise _cannot_write(path, error) from None
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}")


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(
        "the output file cannot be written",
        where=f"--output {path}",
        got=error.strerror or str(error),
        allowed="a file in a folder you may write to",
    )
