"""Items whose characters exceed the limit of an experiment's data: how many, which, how long.

What a limit does to the data is decided when they are read; this describes it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.audit.lengths import SPLITS, Lengths, histograms
from harness.data.characters import Characters, Measured

if TYPE_CHECKING:
    from harness.data.items import Dataset

__all__ = ["Threshold", "long_items_csv", "thresholds_of"]


@dataclass(frozen=True)
class Threshold:
    """Characters of some arms' items against a limit.

    Attributes
    ----------
    fields : tuple of str
        What was counted together.
    limit : int
    drop : bool
        Whether longer items were left out.
    arms : tuple of str
        Those whose data have this limit.
    lengths : tuple of Lengths
        By split, of the items of these arms, each once, the ones left out included.
    long : tuple of Measured
        The items with more characters than `limit`, the longest first.
    """

    fields: tuple[str, ...]
    limit: int
    drop: bool
    arms: tuple[str, ...]
    lengths: tuple[Lengths, ...]
    long: tuple[Measured, ...]

    @property
    def what(self) -> str:
        """The fields in words."""
        return " + ".join(self.fields)

    @classmethod
    def from_json(cls, tree: Mapping[str, Any]) -> Threshold:
        """The same again from its attributes by name, through JSON or not."""
        return cls(
            tuple(tree["fields"]),
            tree["limit"],
            tree["drop"],
            tuple(tree["arms"]),
            tuple(map(Lengths.from_json, tree["lengths"])),
            tuple(Measured(*row) for row in tree["long"]),
        )


def thresholds_of(datasets: Mapping[str, Dataset]) -> tuple[Threshold, ...]:
    """Describe each limit of characters that the data of an experiment's arms have.

    Parameters
    ----------
    datasets : mapping of str to Dataset
        By arm; arms may share one.
    """
    same: dict[tuple[tuple[str, ...], int, bool], dict[str, Characters]] = {}
    for arm, dataset in datasets.items():
        found = dataset.characters
        if found is not None:
            same.setdefault((found.fields, found.limit, found.drop), {})[arm] = found
    return tuple(_threshold(by_arm) for by_arm in same.values())


def long_items_csv(thresholds: Sequence[Threshold]) -> str:
    """Every item that is too long, the longest first, as a table; empty without any."""
    if not any(one.long for one in thresholds):
        return ""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["split", "item", "characters", "of", "limit", "left_out", "begins_with"])
    for one in thresholds:
        out = "yes" if one.drop else "no"
        for split, item, characters, beginning in one.long:
            table.writerow([split, item, characters, one.what, one.limit, out, beginning])
    return text.getvalue()


def _threshold(by_arm: Mapping[str, Characters]) -> Threshold:
    distinct = {id(one): one for one in by_arm.values()}
    items = dict.fromkeys(item for one in distinct.values() for item in one.items)
    first = next(iter(distinct.values()))
    splits = {split: [one.characters for one in items if one.split == split] for split in SPLITS}
    long = (item for item in items if item.characters > first.limit)
    return Threshold(
        first.fields,
        first.limit,
        first.drop,
        tuple(by_arm),
        histograms(" + ".join(first.fields), splits, limit=first.limit),
        tuple(sorted(long, key=lambda item: -item.characters)),
    )
