"""Reading what W&B's offline mode has written: its release 0.31 ships no reader of its own.

A `.wandb` file is a log in LevelDB's format (https://github.com/google/leveldb, log_format.md)
after seven bytes of its own; each record is a message that `wandb.proto` describes.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

_BLOCK, _HEADER = 32_768, struct.Struct("<IHB")  # checksum, length, kind
_WHOLE, _LAST = 1, 4


class WandbFile(NamedTuple):
    run: Any
    config: dict[str, Any]
    summary: dict[str, Any]
    history: list[dict[str, Any]]
    exit_code: int | None


def read_wandb(folder: Path) -> dict[str, WandbFile]:
    """Runs by name."""
    found = [_read(path) for path in sorted(folder.glob("wandb/offline-run-*/run-*.wandb"))]
    assert len({one.run.display_name for one in found}) == len(found)
    return {one.run.display_name: one for one in found}


def _read(path: Path) -> WandbFile:
    run, code = None, None
    config: dict[str, Any] = {}
    summary: dict[str, Any] = {}
    history: list[dict[str, Any]] = []
    for record in _records(path.read_bytes()):
        kind = record.WhichOneof("record_type")
        if kind == "run":
            run = record.run
            config |= {one.key: json.loads(one.value_json) for one in run.config.update}
        elif kind == "summary":
            summary |= _entries(record.summary.update)
        elif kind == "history":
            history.append(_entries(record.history.item))
        elif kind == "exit":
            code = record.exit.exit_code
    return WandbFile(run, config, summary, history, code)


def _entries(items: Any) -> dict[str, Any]:
    return {
        one.key or ".".join(one.nested_key): json.loads(one.value_json)
        for one in items
        if not (one.key or one.nested_key[0]).startswith("_") or one.nested_key[:1] == ["_step"]
    }


def _records(raw: bytes) -> Iterator[Any]:
    from wandb.proto import wandb_internal_pb2

    assert raw[:4] == b":W&B"
    at, whole = 7, b""
    while at + _HEADER.size <= len(raw):
        left = _BLOCK - at % _BLOCK
        if left < _HEADER.size:
            at += left
            continue
        _, length, kind = _HEADER.unpack_from(raw, at)
        at += _HEADER.size
        whole += raw[at : at + length]
        at += length
        if kind in (_WHOLE, _LAST):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(whole)
            yield record
            whole = b""
