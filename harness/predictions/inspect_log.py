"""The logs of Inspect: one JSON file, or a zip (`.eval`) with a JSON file per sample.

Only a sample's id, epoch, error and final output are read; neither scores nor messages are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shlex import quote
from typing import Any, NamedTuple

from harness.data.messages import counted
from harness.errors import DataError
from harness.predictions.answers import Found, Row
from harness.predictions.archive import member_names, read_members
from harness.predictions.source import Source

__all__ = ["inspect_log"]

_HEADER, _START = "header.json", "_journal/start.json"


class _Sample(NamedTuple):
    row: Row
    epoch: int
    error: str | None


def inspect_log(source: Source) -> Found | None:
    """Rows of the first epoch in an Inspect log; None for any other file.

    A sample that ended in an error has no row: what stood there by then was not its answer.

    Raises
    ------
    DataError
        The evaluation did not succeed, or a sample is not as Inspect writes it.
    """
    if source.kind == "zip":
        names = member_names(source.path)
        if not {_HEADER, _START} & {*names}:
            return None
        headers = dict(read_members(source.path, [_HEADER] if _HEADER in names else []))
        header = headers.get(_HEADER, {"status": "started"})  # it is written last
        trees = _unzipped(source, names)
    elif isinstance(source.tree, dict) and {"eval", "status"} <= {*source.tree}:
        header = source.tree
        trees = _listed(source)
    else:
        return None
    _check_finished(header, source)
    return _first_epoch([_sample(tree, where) for where, tree in trees])


def _unzipped(source: Source, names: Sequence[str]) -> Iterator[tuple[str, Any]]:
    wanted = [name for name in names if name.startswith("samples/") and name.endswith(".json")]
    for name, tree in read_members(source.path, wanted):
        yield f"{source.path}: {name}", tree


def _listed(source: Source) -> Iterator[tuple[str, Any]]:
    samples = source.tree.get("samples")
    for index, tree in enumerate(samples if isinstance(samples, list) else []):
        yield f"{source.path}: samples[{index}]", tree


def _check_finished(header: object, source: Source) -> None:
    """Which samples are done by the time an evaluation breaks off is not left to chance."""
    tree = header if isinstance(header, dict) else {}
    status, error = tree.get("status"), _message(tree.get("error"))
    if status != "success":
        raise DataError(
            "this Inspect log is of an evaluation that did not succeed",
            where=str(source.path),
            got=f"status {status!r}{f': {error}' if error else ''}",
            allowed="status 'success'",
            fix=f"finish the evaluation: inspect eval-retry {quote(str(source.path))}",
        )


def _sample(tree: object, where: str) -> _Sample:
    values = tree if isinstance(tree, dict) else {}
    epoch, output = values.get("epoch"), values.get("output")
    if not isinstance(epoch, int) or not isinstance(output, dict):
        raise DataError(
            "this is not a sample as Inspect logs it",
            where=where,
            got=f"epoch {epoch!r}, output {output!r}" if values else repr(tree),
            allowed="an object with `id`, `epoch` (a whole number) and `output` (an object)",
        )
    return _Sample(
        Row(where, values.get("id"), _text(output)), epoch, _message(values.get("error"))
    )


def _text(output: dict[str, Any]) -> object:
    """The completion, or else the text of the first choice; "" where the model said nothing."""
    completion, choices = output.get("completion"), output.get("choices")
    if completion or not choices:
        return completion
    try:
        content = choices[0]["message"]["content"]
        if isinstance(content, list):  # thoughts and images are parts too
            return "\n".join(part["text"] for part in content if part["type"] == "text")
    except (LookupError, TypeError):
        return choices  # not text, which is an error where rows are gathered
    return content


def _message(error: object) -> str | None:
    """An error's first line; None where there is no error."""
    if error is None:
        return None
    message = str(error.get("message") if isinstance(error, dict) else error)
    return (message.splitlines() or [""])[0]


def _first_epoch(samples: list[_Sample]) -> Found:
    first = min((sample.epoch for sample in samples), default=1)
    kept = [sample for sample in samples if sample.epoch == first]
    failed = [sample for sample in kept if sample.error is not None]
    notes = []
    if len(kept) < len(samples):
        epochs = len({sample.epoch for sample in samples})
        notes.append(
            f"the log has {epochs} epochs; epoch {first} is used and"
            f" {counted(len(samples) - len(kept), 'answer')} of other epochs left out"
        )
    if failed:
        notes.append(
            f"{len(failed):,} of {counted(len(kept), 'sample')} ended in an error and have no"
            f" answer, such as {failed[0].row.id!r}: {failed[0].error}"
        )
    return Found([sample.row for sample in kept if sample.error is None], notes)
