"""How many items a data set has, what they are nested in, and how long their texts are.

Counts words, which need no tokenizer: what a prompt limit cut off is counted by each run, and
characters against a limit are `thresholds`' work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from harness.audit.lengths import SPLITS, Lengths, Split, histograms
from harness.audit.thresholds import Threshold, thresholds_of
from harness.data.items import Dataset, Item
from harness.data.splits import size_note

__all__ = ["Profile", "Size", "profile_of"]

_Numbers: TypeAlias = tuple[int, int, tuple[tuple[str, int], ...]]


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


@dataclass(frozen=True)
class Profile:
    """What an experiment's items are like.

    Attributes
    ----------
    sizes : tuple of Size
        Of each split; several where arms differ.
    lengths : tuple of Lengths
        Words of `question`, `context` and `answer` (the first reference, which training learns)
        by part and split, of the items of all arms, each once; only of those that have such a
        text.
    notes : tuple of str
        What was noted when the data were read, but for the sizes.
    thresholds : tuple of Threshold
        Characters against each limit that an arm's data have.
    """

    sizes: tuple[Size, ...]
    lengths: tuple[Lengths, ...]
    notes: tuple[str, ...]
    thresholds: tuple[Threshold, ...] = ()

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
        lengths = tuple(map(Lengths.from_json, tree["lengths"]))
        # an ablation may have stored its profile before there were thresholds
        thresholds = tuple(map(Threshold.from_json, tree.get("thresholds", ())))
        return cls(sizes, lengths, tuple(tree["notes"]), thresholds)


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
        thresholds_of(datasets),
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
    part: str, text: Callable[[Item], str], splits: Mapping[Split, Sequence[Item]]
) -> tuple[Lengths, ...]:
    words = {
        split: [n for item in items if (n := len(text(item).split()))]
        for split, items in splits.items()
    }
    return histograms(part, words)


_PARTS: Mapping[str, Callable[[Item], str]] = {
    "question": lambda item: item.fields["question"],
    "context": lambda item: item.fields.get("context", ""),
    "answer": lambda item: item.answers[0] if item.answers else "",
}
