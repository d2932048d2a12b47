"""Items and data sets as values, and the hash that identifies their content.

Knows nothing of files, templates or tokenizers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.data.characters import Characters

__all__ = ["Dataset", "Item", "TrainingItems", "content_hash"]


@dataclass(frozen=True, slots=True)
class Item:
    """One question with its reference answers.

    Attributes
    ----------
    id : str
        Unique within its split.
    fields : mapping of str to str
        Everything that a template may name: `question`, and `context`, `title` and any
        other column where the data has them.
    answers : tuple of str
        Reference answers in the data's order, repeated ones included; empty = unanswerable.
    answer_starts : tuple of int
        Where each answer starts in `context`, in code points; empty where unknown.
    clusters : tuple of str
        What the item is nested in, outermost first. An inner cluster's name contains the
        outer ones', so the same context under two titles makes two clusters.
    """

    id: str
    fields: Mapping[str, str]
    answers: tuple[str, ...]
    answer_starts: tuple[int, ...]
    clusters: tuple[str, ...]


@dataclass(frozen=True)
class TrainingItems:
    """The items that a training may see, and a search over trainings: no test items.

    Attributes
    ----------
    train, validation : tuple of Item
    """

    train: tuple[Item, ...]
    validation: tuple[Item, ...]


@dataclass(frozen=True)
class Dataset:
    """The items of one configuration, the same for every arm that shares it.

    Attributes
    ----------
    train, validation, test : tuple of Item
        `validation` is empty unless the configuration asks for it.
    cluster_names : tuple of str
        Fields that the test items are nested in, outermost first; () when there are none.
    notes : tuple of str
        What a reader of the results has to know about the data, one sentence each.
    characters : Characters or None
        Lengths against a limit, where the configuration has one.
    """

    train: tuple[Item, ...]
    validation: tuple[Item, ...]
    test: tuple[Item, ...]
    cluster_names: tuple[str, ...]
    notes: tuple[str, ...]
    characters: Characters | None = None

    @property
    def for_training(self) -> TrainingItems:
        """The same without the test items."""
        return TrainingItems(self.train, self.validation)


def content_hash(items: Sequence[Item]) -> str:
    """Identity of some items, in hexadecimal (sha256).

    Everything in the items counts, their order included. Where they came from does not: the
    same items read from a CSV and from a Parquet file have the same hash.
    """
    digest = hashlib.sha256()
    for item in items:
        # Columns come in a different order from different formats; JSON's quoting keeps
        # ("ab", "c") and ("a", "bc") apart.
        parts = [
            item.id,
            sorted(item.fields.items()),
            item.answers,
            item.answer_starts,
            item.clusters,
        ]
        digest.update(json.dumps(parts).encode("ascii"))
        digest.update(b"\n")
    return digest.hexdigest()
