"""Distributions of lengths as numbers: quantiles, and histograms that put splits side by side.

Knows nothing of what is long: `profile` counts words, `thresholds` characters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

__all__ = ["MOST_BINS", "QUANTILES", "SPLITS", "Lengths", "Split", "histograms"]

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test")

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""What is kept of a distribution of lengths, besides its histogram."""

MOST_BINS = 24
"""Bins of a histogram; the last one is open."""

SHOWN = 0.98
"""The share of the items that all bins but the open one reach to."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """The lengths of one part of a split's items.

    Attributes
    ----------
    split : {"train", "validation", "test"}
    part : str
        What is long, such as `question`.
    items : int
        Items that were counted.
    quantiles : tuple of float
        Lengths at each of `QUANTILES`.
    counts : tuple of int
        Items per bin. The last bin has no upper end if there are `MOST_BINS`.
    width : int
        Lengths that a bin spans; bins are the same for all splits of a part.
    start : int
        Where the first bin starts: 0, or less where that puts an edge at a length that matters.
    """

    split: Split
    part: str
    items: int
    quantiles: tuple[float, ...]
    counts: tuple[int, ...]
    width: int
    start: int = 0

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Lengths:
        """The same again from its attributes by name, through JSON or not."""
        lists = {name: tuple(row[name]) for name in ("quantiles", "counts")}
        return cls(**{**row, **lists})


def histograms(
    part: str, splits: Mapping[Split, Sequence[int]], *, limit: int | None = None
) -> tuple[Lengths, ...]:
    """Describe the lengths of each split that has any, all in the same bins.

    Parameters
    ----------
    part : str
        What is long.
    splits : mapping
        Lengths by split.
    limit : int, optional
        No bin holds both items of at most this length and longer ones, unless it is far beyond
        all items.
    """
    found = {split: np.array(sizes, dtype=int) for split, sizes in splits.items() if len(sizes)}
    if not found:
        return ()
    longest = max(int(sizes.max()) for sizes in found.values())
    usual = max(float(np.quantile(sizes, SHOWN)) for sizes in found.values())
    if limit is None:
        width, start = _width(usual, MOST_BINS - 1), 0
    else:  # one bin less, since the first one may lie before 0 in part
        width = _width(max(usual, min(limit + 1, longest)), MOST_BINS - 2)
        start = -(-(limit + 1) % width)
    last = min(MOST_BINS - 1, (longest - start) // width)
    return tuple(
        Lengths(
            split,
            part,
            int(sizes.size),
            tuple(np.quantile(sizes, QUANTILES).tolist()),
            tuple(
                np.bincount(np.minimum((sizes - start) // width, last), minlength=last + 1).tolist()
            ),
            width,
            start,
        )
        for split, sizes in found.items()
    )


def _width(far: float, bins: int) -> int:
    """The smallest round width with which so many bins hold a length of `far`."""
    steps = (int(digit * 10**power) for power in range(12) for digit in range(1, 6))
    return next(step for step in steps if step * bins > far)
