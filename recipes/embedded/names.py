"""Invented names, each belonging to exactly one world.

Names are built from syllables. A hash of the name alone decides whether it may occur in the
pretraining text, in the training articles or in the test articles, so the three can never share
one, whatever the seeds. This module knows nothing about sentences.
"""

from __future__ import annotations

import hashlib
import random
from typing import Final, Literal

World = Literal["pretraining", "train", "test"]

# Pretraining draws names without end, the two splits a few thousand: hence its double share.
_WORLD_OF_HASH: Final[tuple[World, ...]] = ("pretraining", "pretraining", "train", "test")

# Few enough syllables for the tokenizer to learn them all: a name is two or three tokens long, and
# the tiny model spends its little capacity on finding names instead of spelling them.
_SIMPLE: Final[tuple[str, ...]] = (*"bdfghklmnprstvz",)
_ONSETS: Final[tuple[str, ...]] = (*_SIMPLE, "br", "dr", "gr", "kr", "tr", "st", "th", "sh", "vl")
_VOWELS: Final = ("a", "e", "i", "o", "u")
_CODAS: Final = ("n", "r", "l", "th", "x")


def world_of(name: str) -> World:
    """Return the only world in which a name may occur.

    Parameters
    ----------
    name : str
        One word; upper and lower case belong to the same world.
    """
    digest = hashlib.sha256(name.lower().encode("utf-8")).digest()
    return _WORLD_OF_HASH[digest[0] % len(_WORLD_OF_HASH)]


class NameDealer:
    """Deals words of one world, never the same one twice.

    Parameters
    ----------
    world : {"pretraining", "train", "test"}
        The world every dealt word belongs to.
    rng : random.Random
        Source of randomness; the dealer keeps it.
    reserved : frozenset of str
        Lower-case words that must not become names.
    """

    def __init__(
        self, world: World, rng: random.Random, reserved: frozenset[str] = frozenset()
    ) -> None:
        self.world = world
        self._rng = rng
        self._reserved = reserved
        self._dealt: set[str] = set()

    def word(self) -> str:
        """Return a fresh capitalised word."""
        while True:
            candidate = self._spell().capitalize()
            if candidate in self._dealt or candidate.lower() in self._reserved:
                continue
            if world_of(candidate) == self.world:
                self._dealt.add(candidate)
                return candidate

    def person(self) -> str:
        """Return a fresh given name and family name."""
        return f"{self.word()} {self.word()}"

    def forget(self) -> None:
        """Allow every word again: pretraining only needs names to differ inside one text."""
        self._dealt.clear()

    def _spell(self) -> str:
        rng = self._rng
        first = rng.choice(_ONSETS) + rng.choice(_VOWELS)
        return first + rng.choice(_SIMPLE) + rng.choice(_VOWELS) + rng.choice(_CODAS)
