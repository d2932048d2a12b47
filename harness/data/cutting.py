"""Cutting texts at token boundaries until the inputs that they are part of fit.

Knows lengths and boundaries only: which text is cut, and what around it stays, is the caller's
choice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

__all__ = ["Ends", "Tokenise", "cut_to_fit"]

Tokenise = Callable[[Sequence[str]], list[list[int]]]
"""Token ids of each text."""

Ends = Callable[[Sequence[str]], list[list[int]]]
"""For each text, where each of its tokens ends, in characters."""


def cut_to_fit(
    pieces: Sequence[str],
    whole: Callable[[int, str], str],
    ids: Sequence[list[int]],
    limit: int,
    tokenise: Tokenise,
    ends: Ends,
) -> tuple[list[str], list[list[int]]]:
    """Shorten pieces from their ends until the inputs made with them fit, or they are empty.

    Texts that fit are not tokenised again. The others are, in rounds, each in one batch: how
    many tokens an input has is known only from tokenising it, since tokens form across the
    edges of a piece.

    Parameters
    ----------
    pieces : sequence of str
        One per input.
    whole : callable
        From an input's index and its piece to the input's text.
    ids : sequence of list of int
        The inputs' tokens with the pieces uncut.
    limit : int
        Greatest number of tokens in an input.
    tokenise, ends : callable
        Tokens and token boundaries of texts.

    Returns
    -------
    pieces : list of str
        Beginnings of those given.
    ids : list of list of int
        The inputs' tokens with the pieces as they are now. Longer than `limit` only where
        the piece is empty.
    """
    cut, tokens = list(pieces), list(ids)
    long = [index for index, held in enumerate(tokens) if len(held) > limit and cut[index]]
    while long:
        # Questions about one paragraph share it, so each distinct text is looked at once.
        distinct = list(dict.fromkeys(cut[index] for index in long))
        stops = dict(zip(distinct, ends(distinct), strict=True))
        for index in long:
            cut[index] = _shorter(cut[index], stops[cut[index]], len(tokens[index]) - limit)
        fresh = tokenise([whole(index, cut[index]) for index in long])
        for index, held in zip(long, fresh, strict=True):
            tokens[index] = held
        long = [index for index in long if len(tokens[index]) > limit and cut[index]]
    return cut, tokens


def _shorter(text: str, stops: Sequence[int], excess: int) -> str:
    """A text without its last `excess` tokens, and shorter in any case.

    Several tokens may end at the same character (the bytes of an emoji); it is kept or
    dropped whole.
    """
    kept = max(len(stops) - excess, 0)
    while kept and stops[kept - 1] >= len(text):
        kept -= 1
    return text[: stops[kept - 1]] if kept else ""
