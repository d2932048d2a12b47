"""The official SQuAD format, v1.1 and v2.0: articles > paragraphs > questions, in one JSON file.

Flattens the nest to one record per question; what the columns mean is `conversion`'s work.

References
----------
Rajpurkar et al. 2016 (v1.1) and 2018 (v2.0); https://rajpurkar.github.io/SQuAD-explorer/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.data.records import Record
from harness.errors import DataError

__all__ = ["squad_records"]

_LAYOUT = (
    '{"data": [{"title", "paragraphs": [{"context", "qas": [{"id", "question",'
    ' "answers": [{"text", "answer_start"}]}]}]}]}'
)
# v2.0's extras say nothing that empty answers do not; without them an item is the same
# whether it comes from the official file or from the hub.
_LEFT_OUT = frozenset({"is_impossible", "plausible_answers"})


def squad_records(tree: Mapping[str, Any], name: str) -> list[Record]:
    """One record per question, with the columns of the hub's `squad`.

    Parameters
    ----------
    tree : mapping
        The parsed file.
    name : str
        The file, for messages.

    Raises
    ------
    DataError
        Something is not where the format has it; the message has its JSON path.
    """
    records = []
    for at_article, article in _entries(tree, "data", name, ""):
        title = _text(article, "title", name, at_article) if "title" in article else ""
        for at_paragraph, paragraph in _entries(article, "paragraphs", name, f"{at_article}."):
            context = _text(paragraph, "context", name, at_paragraph)
            for at_qa, qa in _entries(paragraph, "qas", name, f"{at_paragraph}."):
                values = {key: value for key, value in qa.items() if key not in _LEFT_OUT}
                values |= {"title": title, "context": context}
                if qa.get("is_impossible") is True:
                    _check_impossible(qa, name, at_qa)
                    values["answers"] = []
                records.append(Record(f"{name}: {at_qa}.", values))
    return records


def _entries(
    node: Mapping[str, Any], key: str, name: str, path: str
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Path and object for each entry of the list under a key."""
    found = node.get(key)
    if not isinstance(found, list):
        raise _misplaced(f"`{key}` is not a list", name, f"{path}{key}", found, key in node)
    for index, entry in enumerate(found):
        at = f"{path}{key}[{index}]"
        if not isinstance(entry, dict):
            raise _misplaced(f"an entry of `{key}` is not an object", name, at, entry, True)
        yield at, entry


def _text(node: Mapping[str, Any], key: str, name: str, path: str) -> str:
    found = node.get(key)
    if not isinstance(found, str):
        raise _misplaced(f"`{key}` is not text", name, f"{path}.{key}", found, key in node)
    return found


def _check_impossible(qa: Mapping[str, Any], name: str, path: str) -> None:
    if qa.get("answers"):
        raise DataError(
            "a question is marked impossible, but has answers",
            where=f"{name}: {path}.answers",
            got=qa["answers"],
            allowed="no answers where is_impossible is true",
        )


def _misplaced(what: str, name: str, path: str, found: object, present: bool) -> DataError:
    got = f"{found!r} ({type(found).__name__})" if present else "nothing"
    return DataError(what, where=f"{name}: {path}", got=got, allowed=f"SQuAD's layout: {_LAYOUT}")
