"""Samples, validation items carved from the training items, and what splits have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.data.items import Item
from harness.data.messages import counted
from harness.errors import DataError

__all__ = ["CARVE_SEED", "LIMIT_SEED", "carved", "overlap_notes", "sampled", "size_note"]

LIMIT_SEED = 20_240_501
"""Seed of every `limit`; no seed of the experiment has a part in it."""

CARVE_SEED = 20_240_502
"""Seed of the order in which clusters are tried for validation."""


def sampled(items: Sequence[Item], limit: int | None, role: str) -> tuple[list[Item], list[str]]:
    """A random sample without replacement, in the original order, and a note on it.

    A smaller sample of the same items is part of a larger one, so an ablation over `limit`
    compares nested training sets.
    """
    if limit is None or limit >= len(items):
        return list(items), []
    import numpy as np

    chosen = np.random.default_rng(LIMIT_SEED).permutation(len(items))[:limit]
    sample = [items[index] for index in sorted(chosen.tolist())]
    return sample, [f"{role}: a random sample of {limit:,} of {len(items):,} items"]


def carved(
    items: Sequence[Item], share: float, cluster: str | None
) -> tuple[list[Item], list[Item], list[str]]:
    """Training items, validation items carved from them, and a note on it.

    Whole outermost clusters are taken, in a fixed random order, as long as each brings the
    number of items nearer to the share. Items that are nested in nothing are taken one by one.

    Parameters
    ----------
    items : sequence of Item
        The training items, already sampled.
    share : float
        Between 0 and 1.
    cluster : str or None
        What the outermost clusters are called.

    Raises
    ------
    DataError
        No item would be left on one of the two sides.
    """
    import numpy as np

    nested = all(item.clusters for item in items)
    members: dict[str, list[int]] = {}
    for index, item in enumerate(items):
        members.setdefault(item.clusters[0] if nested else str(index), []).append(index)
    names = sorted(members)
    wanted = share * len(items)
    taken: set[int] = set()
    for at in np.random.default_rng(CARVE_SEED).permutation(len(names)).tolist():
        indices = members[names[at]]
        if abs(len(taken) + len(indices) - wanted) < abs(len(taken) - wanted):
            taken.update(indices)
    noun = f"{cluster} cluster" if nested and cluster else "item"
    if not 0 < len(taken) < len(items):
        sizes = sorted(len(indices) for indices in members.values())
        raise DataError(
            "this share leaves no item for " + ("validation" if not taken else "training"),
            where="base.data.validation.share",
            got=f"{share:g} of {counted(len(items), 'item')} in {counted(len(names), noun)}"
            f" of {sizes[0]:,} to {sizes[-1]:,} items, which stay whole",
            fix="choose another share, use more training items, or give validation.file",
        )
    left = [item for index, item in enumerate(items) if index not in taken]
    picked = [item for index, item in enumerate(items) if index in taken]
    groups = len({item.clusters[0] for item in picked}) if nested else len(picked)
    held = f" ({counted(len(picked), 'item')})" if nested else ""
    note = f"validation: {groups:,} of {counted(len(names), noun)}{held} carved from the training"
    return left, picked, [f"{note} items"]


def size_note(role: str, items: Sequence[Item], names: Sequence[str]) -> str:
    """`test: 4,880 items in 24 title and 862 context clusters`."""
    clusters = [
        f"{len({item.clusters[depth] for item in items}):,} {name}"
        for depth, name in enumerate(names)
        if all(item.clusters for item in items)
    ]
    nest = f" in {' and '.join(clusters)} clusters" if clusters else ""
    return f"{role}: {counted(len(items), 'item')}{nest}"


def overlap_notes(splits: Mapping[str, Sequence[Item]], names: Sequence[str]) -> list[str]:
    """What train, validation and test have in common, and contexts under several titles."""
    notes = []
    for seen, held in (("train", "test"), ("train", "validation"), ("validation", "test")):
        known = {_asked(item) for item in splits[seen]}
        same = sum(_asked(item) in known for item in splits[held])
        if same:
            notes.append(
                f"{same:,} of {counted(len(splits[held]), f'{held} item')} have the same question"
                f" and context as a {seen} item"
            )
        outer = [{item.clusters[0] for item in splits[r] if item.clusters} for r in (seen, held)]
        if outer[0] & outer[1]:
            notes.append(
                f"{len(outer[0] & outer[1]):,} of {len(outer[1]):,} {names[0]} clusters of"
                f" {held} occur in {seen} too"
            )
    if len(names) > 1:
        notes += _repeated_inner(splits, names[-1])
    return notes


def _asked(item: Item) -> tuple[str, str]:
    return item.fields["question"], item.fields.get("context", "")


def _repeated_inner(splits: Mapping[str, Sequence[Item]], name: str) -> list[str]:
    """Equal texts that are different clusters since what is around them differs."""
    notes = []
    for role, items in splits.items():
        groups: dict[str, set[str]] = {}
        for item in items:
            text = item.fields.get(name, "")
            if item.clusters and text.strip():
                groups.setdefault(text, set()).add(item.clusters[-1])
        several = sum(len(ids) > 1 for ids in groups.values())
        if several:
            notes.append(
                f"{role}: {several:,} of {len(groups):,} {name} texts occur in more than one"
                " outer cluster; each occurrence is a cluster of its own"
            )
    return notes
