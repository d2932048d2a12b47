"""What this project writes: a run's `predictions.parquet`, and the files of `harness predict`."""

from __future__ import annotations

from harness.predictions.answers import Found, Row
from harness.predictions.source import Source

__all__ = ["run_predictions", "written_answers"]


def run_predictions(source: Source) -> Found | None:
    """Rows of a Parquet file with the columns `item` and `prediction`; None for any other."""
    records = source.records
    if source.kind != "Parquet" or (records and not _is_ours(source)):
        return None
    return _rows(source)


def written_answers(source: Source) -> Found | None:
    """Rows of JSON Lines or CSV with `item` and `prediction`; None for any other file."""
    if source.kind not in ("JSON Lines", "CSV") or not _is_ours(source):
        return None
    return _rows(source)


def _is_ours(source: Source) -> bool:
    return bool(source.records) and {"item", "prediction"} <= {*source.records[0].values}


def _rows(source: Source) -> Found:
    return Found(
        [
            Row(record.place, record.values.get("item"), record.values.get("prediction"))
            for record in source.records
        ]
    )
