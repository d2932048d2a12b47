"""One system's predictions, read from a file that it or its evaluation tool has written.

Nothing is scored here, and no answer is changed: blanks at its ends stay. To add a format, write
a `Reader` and give it a row in `READERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.data.messages import listed
from harness.errors import DataError
from harness.predictions.answers import Found, Predictions, Row, gathered
from harness.predictions.inspect_log import inspect_log
from harness.predictions.lm_eval import lm_eval_samples
from harness.predictions.results import run_predictions, written_answers
from harness.predictions.source import Source, opened
from harness.predictions.squad import squad_predictions

__all__ = ["READERS", "Found", "Predictions", "Reader", "Row", "Source", "read_predictions"]

Reader = Callable[[Source], Found | None]
"""None for a file that is not of its format; DataError for one that is, and is wrong."""

READERS: dict[str, Reader] = {
    "predictions of a run (Parquet)": run_predictions,
    "answers of harness predict (JSON Lines or CSV)": written_answers,
    "lm-evaluation-harness samples (JSON Lines)": lm_eval_samples,
    "Inspect log (.eval or JSON)": inspect_log,
    "SQuAD predictions (JSON)": squad_predictions,  # last: it asks least of an object
}
"""Formats by their names in reports; the first one that knows the file reads it."""


def read_predictions(path: Path) -> Predictions:
    """The answers in a file, whose format is found by its name and content.

    Raises
    ------
    DataError
        The file cannot be read, is of no known format or holds no predictions; an id repeats;
        a prediction is not text.
    """
    source = opened(path)
    for name, reader in READERS.items():
        found = reader(source)
        if found is not None:
            answers, notes = gathered(found.rows)
            if not answers:
                raise DataError(
                    "a file holds no predictions",
                    where=str(path),
                    got="; ".join([f"{name} without a row", *found.notes]),
                )
            return Predictions(answers, name, (*found.notes, *notes))
    raise DataError(
        "this is no known format of predictions",
        where=str(path),
        got=_shown(source),
        allowed="; ".join(READERS),
        fix=_fix(source),
    )


def _shown(source: Source) -> str:
    """What stands in a file of no known format."""
    if source.records:
        return f"{source.kind} with the columns {listed(source.records[0].values)}"
    if isinstance(source.tree, dict):
        return f"a JSON object with the keys {listed(source.tree)}"
    if source.kind == "JSON":
        return f"JSON: {source.text.strip()[:80]}"
    if source.kind == "zip":
        return "a zip without an Inspect log's header.json"
    with source.path.open("rb") as file:
        return f"a file that starts with {file.read(40)!r}"


def _fix(source: Source) -> str:
    """What to give instead, where the file is one that lies next to the right one."""
    keys = {*source.tree} if isinstance(source.tree, dict) else set()
    if "data" in keys:
        return "this looks like a data set; give it with --references"
    if {"results", "configs"} <= keys:
        return "give the samples_*.jsonl next to it, which lm_eval writes with --log_samples"
    return "write the answers as one JSON object, from item id to text"
