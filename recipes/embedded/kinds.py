"""What a kind of thing is, and the kinds of the two worlds, read from two TOML files.

A kind has opening sentences and facts; a fact has a source of values, sentences that state it and
questions that ask for it. In the templates `{n}` is the subject, `{v}` the value and `{r}` the
region. Templates are data, so they live beside this module: `ablation_kinds.toml` for the data set,
`pretraining_kinds.toml` for what the base model is asked about. This module fills in nothing.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final, Literal, NamedTuple, cast

Source = Literal["word", "person", "year", "count"]


class Fact(NamedTuple):
    """One attribute of a kind.

    Attributes
    ----------
    values : str or tuple of str
        How values are made, or a closed list of common words, most frequent first. A closed list
        is drawn from with halving weights, so that it can partly be guessed without the context.
    sentences : tuple of str
        Templates that state the fact; `{n}` and `{v}` occur once each.
    questions : tuple of str
        Templates that ask for the value; `{n}` occurs once.
    """

    values: Source | tuple[str, ...]
    sentences: tuple[str, ...]
    questions: tuple[str, ...]


class Kind(NamedTuple):
    """A kind of thing: what it is called, how it is introduced, what is known about it."""

    name: str
    subject: Literal["word", "person"]
    openings: tuple[str, ...]
    facts: tuple[Fact, ...]


def read_kinds(path: Path) -> tuple[Kind, ...]:
    """Read the kinds of a TOML file, in the file's order."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))["kinds"]
    return tuple(
        Kind(
            name=table["name"],
            subject=table["subject"],
            openings=tuple(table["openings"]),
            facts=tuple(_fact(fact) for fact in table["facts"]),
        )
        for table in tables
    )


def _fact(table: dict[str, list[str] | str]) -> Fact:
    values = table["values"]
    return Fact(
        values=cast(Source, values) if isinstance(values, str) else tuple(values),
        sentences=tuple(table["sentences"]),
        questions=tuple(table["questions"]),
    )


_HERE: Final = Path(__file__).parent
ABLATION_KINDS: Final = read_kinds(_HERE / "ablation_kinds.toml")
PRETRAINING_KINDS: Final = read_kinds(_HERE / "pretraining_kinds.toml")


def ordinary_words() -> frozenset[str]:
    """Return every lower-case word that the templates and lists of both worlds are written with."""
    words: set[str] = set()
    for kind in ABLATION_KINDS + PRETRAINING_KINDS:
        words.update(_words(kind.name, *kind.openings))
        for fact in kind.facts:
            words.update(_words(*fact.sentences, *fact.questions))
            words.update(_words(*fact.values) if isinstance(fact.values, tuple) else ())
    return frozenset(words)


def _words(*texts: str) -> list[str]:
    return re.findall(r"[a-z]+", " ".join(texts).lower())
