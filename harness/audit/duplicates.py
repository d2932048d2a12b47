"""Texts that are equal, or nearly so, whatever their case, punctuation and spacing.

Sees texts only. What it means for an item that its text occurs elsewhere is `overlap`'s work.
"""

from __future__ import annotations

import math
import re
import unicodedata
import zlib
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

__all__ = ["NEAR", "Match", "near_passages", "near_questions", "normalised"]

NEAR = 0.8
"""Jaccard similarity from which on two texts are near-duplicates."""

SHINGLE = 3
"""Words of a passage that make one element of the set which is compared."""

_BANDS, _ROWS = 25, 5
"""Of 125 hash values: a pair at `NEAR` is missed once in 20,000, one at 0.5 tried in every second
case, one at 0.2 in 0.8 of 100."""

_MOST_TRIED = 200
"""Bounds the work where all texts share one wording: each is compared with that many others, the
likeliest ones: questions that share its rarest words, passages whose sketches agree most."""

_MOST_KEPT = 1_000

# Operators stay where punctuation goes: 3 + 4 and 3 * 4 are different questions. A Chinese or
# Japanese character counts as a word, since nothing stands between words there.
_TOKEN = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff]|[^\W_\u3040-\u30ff\u3400-\u9fff]+|[+*/=<>^%×÷−]|(?<!\S)-(?=[\s\d])"
)

_Shingles = Callable[[str], set[str]]


class Match(NamedTuple):
    """A text that is near to another one.

    Attributes
    ----------
    at : int
        Its index among the known texts.
    similarity : float
        Jaccard similarity of the two sets, from `NEAR` to 1.
    """

    at: int
    similarity: float


def normalised(text: str) -> str:
    """The words in their order, as `exact` duplicates are compared.

    Compatibility forms are unified (NFKC), case is folded, and each run of white space and
    punctuation becomes one space. Empty where there is nothing but those.
    """
    return " ".join(_TOKEN.findall(unicodedata.normalize("NFKC", text).casefold()))


def near_questions(asked: Sequence[str], known: Sequence[str]) -> Iterator[list[Match]]:
    """For each short text the known ones that have nearly the same set of words.

    Parameters
    ----------
    asked, known : sequence of str
        Normalised and distinct texts.

    Yields
    ------
    list of Match
        One list per asked text, in the order of `known`; equal texts are left out.

    Notes
    -----
    Exact. Sets of sizes n whose similarity is t share one of the n - ceil(t n) + 1 words of each
    that are the rarest overall, so an index of those finds every pair. MinHash tries many more
    pairs here: questions made from one template are near to each other in all but the rare words.

    References
    ----------
    Chaudhuri, Ganti & Kaushik 2006, "A Primitive Operator for Similarity Joins in Data Cleaning".
    Bayardo, Ma & Srikant 2007, "Scaling Up All Pairs Similarity Search".
    """
    counts = Counter(word for text in known for word in _words(text))

    def rarest(text: str) -> list[str]:
        words = sorted(_words(text), key=lambda word: (counts[word], word))
        return words[: len(words) - math.ceil(NEAR * len(words) - 1e-9) + 1]

    sizes = [len(_words(text)) for text in known]
    index: defaultdict[str, list[int]] = defaultdict(list)
    for at in sorted(range(len(known)), key=sizes.__getitem__):  # so those of one size are together
        for word in rarest(known[at]):
            index[word].append(at)
    shingles = lru_cache(_MOST_KEPT)(_words)
    for text in asked:
        size = len(_words(text))
        least, most = math.ceil(NEAR * size - 1e-9), math.floor(size / NEAR + 1e-9)
        tried: dict[int, None] = {}
        for word in rarest(text):
            same = index.get(word, ())
            start = bisect_left(same, least, key=sizes.__getitem__)
            end = bisect_right(same, most, key=sizes.__getitem__)
            tried.update(dict.fromkeys(same[start : min(end, start + _MOST_TRIED - len(tried))]))
        yield _verified(text, known, list(tried), shingles)


def near_passages(asked: Sequence[str], known: Sequence[str]) -> Iterator[list[Match]]:
    """For each long text the known ones that have nearly the same runs of three words.

    Parameters
    ----------
    asked, known : sequence of str
        Normalised and distinct texts.

    Yields
    ------
    list of Match
        One list per asked text, in the order of `known`; equal texts are left out.

    Notes
    -----
    Pairs are proposed by MinHash with fixed permutations and kept by their exact similarity, so
    none is reported by mistake and one in 20,000 of those at `NEAR` is missed.

    References
    ----------
    Broder 1997, "On the resemblance and containment of documents".
    """
    if not asked or not known:
        yield from ([] for _ in asked)
        return
    import numpy as np
    from datasketch import MinHash, MinHashLSH

    def sketches(texts: Sequence[str]) -> Iterator[MinHash]:
        encoded = ([shingle.encode() for shingle in _runs(text)] for text in texts)
        yield from MinHash.generator(encoded, num_perm=_BANDS * _ROWS, seed=1, hashfunc=zlib.crc32)

    shingles = lru_cache(_MOST_KEPT)(_runs)
    index = MinHashLSH(num_perm=_BANDS * _ROWS, params=(_BANDS, _ROWS))
    hashes = np.empty((len(known), _BANDS * _ROWS), dtype=np.uint32)
    for at, sketch in enumerate(sketches(known)):
        index.insert(at, sketch, check_duplication=False)
        hashes[at] = sketch.hashvalues
    for text, sketch in zip(asked, sketches(asked), strict=True):
        tried = np.array(sorted(index.query(sketch)), dtype=np.intp)
        if len(tried) > _MOST_TRIED:  # a preamble that all share: the likeliest by their sketches
            shared = (hashes[tried] == sketch.hashvalues.astype(np.uint32)).sum(axis=1)
            tried = tried[np.argsort(-shared, kind="stable")[:_MOST_TRIED]]
        yield _verified(text, known, tried.tolist(), shingles)


def _verified(
    text: str, known: Sequence[str], tried: Sequence[int], shingles: _Shingles
) -> list[Match]:
    own = shingles(text)
    matches = []
    for at in sorted(tried):
        other = shingles(known[at])
        shared = len(own & other)
        similarity = shared / (len(own) + len(other) - shared)
        if similarity >= NEAR and known[at] != text:
            matches.append(Match(at, similarity))
    return matches


def _words(text: str) -> set[str]:
    return set(text.split(" "))


def _runs(text: str) -> set[str]:
    """All runs of `SHINGLE` words; a shorter text is one."""
    words = text.split(" ")
    return {" ".join(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1))}
