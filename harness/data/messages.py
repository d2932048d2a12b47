"""Wording that the errors and notes of this package share. Decides nothing."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["counted", "listed", "nearest"]

_LONGEST_LIST = 20


def listed(names: Iterable[str]) -> str:
    """Names joined by commas, a long list shortened; `none` where there are none."""
    known = list(names)
    text = ", ".join(known[:_LONGEST_LIST]) or "none"
    return f"{text} and {len(known) - _LONGEST_LIST} more" if len(known) > _LONGEST_LIST else text


def nearest(name: str, names: Iterable[str]) -> str | None:
    """`did you mean 'question'?`, or None where no name is near."""
    near = difflib.get_close_matches(name, list(names), n=1)
    return f"did you mean {near[0]!r}?" if near else None


def counted(number: int, noun: str) -> str:
    """`1 item`, `1,500 items`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
