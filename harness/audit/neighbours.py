"""Whether a file's order can be told from its words alone, without any model.

If neighbours share more words than they would in a random order, the file is sorted or grouped,
and a model may prefer its order without having seen it. What is sorted by something that its
words do not show (a date, an identifier) goes unnoticed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from math import fsum

import numpy as np

__all__ = ["neighbours_alike", "order_notes"]

_MOST = 1_000  # units: enough to notice an order, and looked at in about a second
_SORTED = 0.01  # p-value up to which a file counts as sorted
_WORD = re.compile(r"\w+")


def neighbours_alike(
    units: Sequence[str], rng: np.random.Generator, *, n_permutations: int = 199
) -> float:
    """P-value of a permutation test: neighbours share no more words than in random orders.

    Parameters
    ----------
    units : sequence of str
        In the order of the file; the first 1,000 are looked at.
    rng : numpy.random.Generator
        Draws the orders.
    n_permutations : int
        Random orders; the published one is counted besides, so that the p-value is never 0.

    Returns
    -------
    float
        One-sided; 1 where no order can differ, as with fewer than three units.

    Notes
    -----
    The statistic is the sum over neighbours of shared words / words of either (Jaccard 1901).
    """
    words = [frozenset(_WORD.findall(unit.lower())) for unit in units[:_MOST]]

    def alike(order: Sequence[int]) -> float:
        pairs = ((words[first], words[second]) for first, second in pairwise(order))
        # fsum: an order and its reverse give the same number, however it rounds
        return fsum(len(one & other) / max(len(one | other), 1) for one, other in pairs)

    published = alike(range(len(words)))
    draws = (rng.permutation(len(words)).tolist() for _ in range(n_permutations))
    return (1 + sum(alike(order) >= published for order in draws)) / (1 + n_permutations)


def order_notes(units: Sequence[str], rng: np.random.Generator) -> list[str]:
    """What to say about the order of some units: nothing, if it looks arbitrary."""
    p_value = neighbours_alike(units, rng)
    if p_value > _SORTED:
        return []
    return [
        f"neighbouring units share more words than in random orders (p = {p_value:.2g}): the file"
        " is sorted or grouped, so a model may prefer its order without having seen it"
    ]
