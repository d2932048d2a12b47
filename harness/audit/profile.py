"""How many items a data set has, what they are nested in, and how long their texts are.

Counts words, which need no tokenizer: what a prompt limit cut off is counted by each run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from harness.data.items import Dataset, Item
from harness.data.splits import size_note

__all__ = ["QUANTILES", "Lengths", "Profile", "Size", "profile_of"]

Split = Literal["train", "validation", "test"]
Part = Literal["question", "context", "answer"]
_Numbers: TypeAlias = tuple[int, int, tuple[tuple[str, int], ...]]

SPLITS: tuple[Split, ...] = ("train", "validation", "test")
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""What is kept of a distribution of lengths, besides its histogram."""

MOST_BINS = 24
"""Bins of a histogram; the last one is open."""

SHOWN = 0.98
"""The share of the items that all bins but the open one reach to."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many items some arms have in a split.

    Attributes
    ----------
    split : {"train", "validation", "test"}
    arms : tuple of str
        Those that have as many of everything here.
    items, unanswerable : int
        Items, and those of them without an answer.
    clusters : tuple of (str, int)
        Clusters per level, outermost first; empty where the items are nested in nothing.
    """

    split: Split
    arms: tuple[str, ...]
    items: int
    unanswerable: int
    clusters: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Lengths:
    """The words of one part of a split's items.

    Attributes
    ----------
    split : {"train", "validation", "test"}
    part : {"question", "context", "answer"}
        `answer`: an item's first reference, which training learns.
    items : int
        Items that have such a text.
    quantiles : tuple of float
        Words at each of `QUANTILES`.
    counts : tuple of int
        Items per bin from 0 words on. The last bin has no upper end if there are `MOST_BINS`.
    width : int
        Words that a bin spans; bins are the same for all splits of a part.
    """

    split: Split
    part: Part
    items: int
    quantiles: tuple[float, ...]
    counts: tuple[int, ...]
    width: int


@dataclass(frozen=True)
class Profile:
    """What an experiment's items are like.

    Attributes
    ----------
    sizes : tuple of Size
        Of each split; several where arms differ.
    lengths : tuple of Lengths
        By part and split, of the items of all arms, each once; only where there are such texts.
    notes : tuple of str
        What was noted when the data were read, but for the sizes.
    """

    sizes: tuple[Size, ...]
    lengths: tuple[Lengths, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, tree: Mapping[str, Any]) -> Profile:
        """The same profile again, from what `to_json` gave, through JSON or not."""
        sizes = tuple(
            Size(
                **{
                    **row,
                    "arms": tuple(row["arms"]),
                    "clusters": tuple((name, n) for name, n in row["clusters"]),
                }
            )
            for row in tree["sizes"]
        )
        lengths = tuple(
            Lengths(
                **{
                    **row,
                    "quantiles": tuple(row["quantiles"]),
                    "counts": tuple(row["counts"]),
                }
            )
            for row in tree["lengths"]
        )
        return cls(sizes, lengths, tuple(tree["notes"]))


def profile_of(datasets: Mapping[str, Dataset]) -> Profile:
    """Profile the items of an experiment.

    Parameters
    ----------
    datasets : mapping of str to Dataset
        By arm; arms may share one.
    """
    distinct = list({id(dataset): dataset for dataset in datasets.values()}.values())
    sizes_said = {
        size_note(split, getattr(one, split), one.cluster_names)
        for one in distinct
        for split in SPLITS
    }
    notes = dict.fromkeys(note for one in distinct for note in one.notes)
    pooled = {split: _pooled([getattr(one, split) for one in distinct]) for split in SPLITS}
    return Profile(
        tuple(size for split in SPLITS for size in _sizes(datasets, split)),
        tuple(row for part, words in _PARTS.items() for row in _lengths(part, words, pooled)),
        tuple(note for note in notes if note not in sizes_said),
    )


def _pooled(parts: Sequence[Sequence[Item]]) -> list[Item]:
    """The items of several data sets, equal ones once."""
    if len({id(part) for part in parts}) == 1:
        return list(parts[0])
    known = {
        (item.id, item.answers, tuple(sorted(item.fields.items()))): item
        for part in parts
        for item in part
    }
    return list(known.values())


def _sizes(datasets: Mapping[str, Dataset], split: Split) -> list[Size]:
    known: dict[int, _Numbers] = {}
    arms: dict[_Numbers, list[str]] = {}
    for arm, dataset in datasets.items():
        items = getattr(dataset, split)
        if not items:
            continue
        if id(dataset) not in known:
            names = dataset.cluster_names if all(item.clusters for item in items) else ()
            known[id(dataset)] = (
                len(items),
                sum(not item.answers for item in items),
                tuple((n, len({item.clusters[d] for item in items})) for d, n in enumerate(names)),
            )
        arms.setdefault(known[id(dataset)], []).append(arm)
    return [Size(split, tuple(whose), *numbers) for numbers, whose in arms.items()]


def _lengths(
    part: Part, text: Callable[[Item], str], splits: Mapping[Split, Sequence[Item]]
) -> list[Lengths]:
    counted = {
        split: np.array([n for item in items if (n := len(text(item).split()))], dtype=int)
        for split, items in splits.items()
    }
    found = {split: words for split, words in counted.items() if words.size}
    if not found:
        return []
    width = _width(max(float(np.quantile(words, SHOWN)) for words in found.values()))
    longest = max(int(words.max()) for words in found.values())
    last = min(MOST_BINS - 1, longest // width)
    return [
        Lengths(
            split,
            part,
            int(words.size),
            tuple(np.quantile(words, QUANTILES).tolist()),
            tuple(np.bincount(np.minimum(words // width, last), minlength=last + 1).tolist()),
            width,
        )
        for split, words in found.items()
    ]


def _width(far: float) -> int:
    """The smallest round width with which all bins but the last hold `far` words."""
    steps = (int(digit * 10**power) for power in range(12) for digit in range(1, 6))
    return next(step for step in steps if step * (MOST_BINS - 1) > far)


_PARTS: Mapping[Part, Callable[[Item], str]] = {
    "question": lambda item: item.fields["question"],
    "context": lambda item: item.fields.get("context", ""),
    "answer": lambda item: item.answers[0] if item.answers else "",
}
