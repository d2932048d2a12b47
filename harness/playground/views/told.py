"""An error's text as parts that a page can lay out: what is wrong, then where, found, … fix."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["Told", "told"]

_ROW: Final = re.compile(r"  (where|found|allowed|fix): +(.*)")


class Told(NamedTuple):
    """An error's text.

    Attributes
    ----------
    what : str
        What is wrong, of one or more lines.
    rows : tuple of (str, str)
        Names and texts of what `harness.errors.InputError` says besides; none of other texts.
    """

    what: str
    rows: tuple[tuple[str, str], ...]


def told(text: str) -> Told:
    """Take an error's text apart; a line that begins no part goes on with the one before."""
    what: list[str] = []
    rows: list[tuple[str, str]] = []
    for line in text.splitlines():
        if found := _ROW.fullmatch(line):
            rows.append((found[1], found[2]))
        elif rows:
            rows[-1] = (rows[-1][0], f"{rows[-1][1]}\n{line}")
        else:
            what.append(line)
    return Told("\n".join(what), tuple(rows))
