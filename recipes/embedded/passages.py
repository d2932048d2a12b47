"""Writes a paragraph about an invented thing, and says where each of its facts stands in it.

Shared by the data set and by pretraining, which differ in kinds and names but not in build: an
opening, the facts in any order, sentences about another thing of the same kind (distractors) and
now and then a filler. Every random choice comes from the generator that is passed in.
"""

from __future__ import annotations

import random
from typing import Final, NamedTuple

from recipes.embedded.kinds import Fact, Kind
from recipes.embedded.names import NameDealer

_FILLERS: Final = (
    "Travellers often write about {r}.",
    "Little else is known for certain.",
    "Old letters from {r} mention this more than once.",
    "The archive of {r} keeps a short note on it.",
    "Most visitors hear of it by chance.",
    "The rest of the story was lost in a fire.",
)


class StatedFact(NamedTuple):
    """A fact of a passage's subject, with the place of its value in the passage.

    Attributes
    ----------
    fact : Fact
        The templates behind it.
    value : str
        The value that the passage states.
    sentence : int
        Index of the sentence template that was used.
    start : int
        Index of the value's first character in the passage.
    """

    fact: Fact
    value: str
    sentence: int
    start: int


class Passage(NamedTuple):
    """A paragraph, its subject's name and the facts it states about that subject."""

    text: str
    subject: str
    stated: tuple[StatedFact, ...]


class _Sentence(NamedTuple):
    text: str
    stated: StatedFact | None  # its `start` counts from the sentence here


def write_passage(
    rng: random.Random,
    names: NameDealer,
    kind: Kind,
    region: str,
    n_facts: int,
    n_distractors: int,
    filler_probability: float = 0.5,
) -> Passage:
    """Write a paragraph about a new thing of one kind.

    Parameters
    ----------
    rng : random.Random
        Source of every choice except names.
    names : NameDealer
        Source of names, for the subject, the distractors and the values.
    kind : Kind
        What the paragraph is about.
    region : str
        Name of the region it lies in.
    n_facts : int
        How many facts to state about the subject, at most all.
    n_distractors : int
        How many sentences to add about one or two other things of the same kind, at most
        `n_facts`.
    filler_probability : float
        Chance of one sentence that says nothing of use.

    Returns
    -------
    Passage
        Its stated facts come in the order of the text.
    """
    subject = new_subject(names, kind)
    facts = rng.sample(kind.facts, min(n_facts, len(kind.facts)))
    body = [_state(rng, names, fact, subject) for fact in facts]
    others = [new_subject(names, kind) for _ in range((n_distractors + 1) // 2)]
    # Distractors state the very facts that are asked for: only the name tells them apart. Each
    # states another fact, so that nothing is said twice about the same thing.
    for index, fact in enumerate(rng.sample(facts, min(n_distractors, len(facts)))):
        distractor = _state(rng, names, fact, others[index % len(others)])
        body.append(_Sentence(distractor.text, None))
    if rng.random() < filler_probability:
        body.append(_Sentence(rng.choice(_FILLERS).format(r=region), None))
    rng.shuffle(body)
    opening = rng.choice(kind.openings).format(n=subject, r=region)
    return _join(subject, [_Sentence(opening, None), *body])


def new_subject(names: NameDealer, kind: Kind) -> str:
    """Return the name of a new thing of a kind."""
    return names.person() if kind.subject == "person" else names.word()


def new_value(rng: random.Random, names: NameDealer, fact: Fact) -> str:
    """Return a value for a fact: an invented name, a number or a word of the fact's list."""
    match fact.values:
        case "word":
            return names.word()
        case "person":
            return names.person()
        case "year":
            return str(rng.randint(1100, 1990))
        case "count":
            return str(rng.randint(12, 9999))
        case choices:
            weights = [0.5**rank for rank in range(len(choices))]
            return rng.choices(choices, weights)[0]


def _state(rng: random.Random, names: NameDealer, fact: Fact, subject: str) -> _Sentence:
    index = rng.randrange(len(fact.sentences))
    value = new_value(rng, names, fact)
    before, after = (part.format(n=subject) for part in fact.sentences[index].split("{v}"))
    return _Sentence(before + value + after, StatedFact(fact, value, index, len(before)))


def _join(subject: str, sentences: list[_Sentence]) -> Passage:
    stated: list[StatedFact] = []
    position = 0
    for text, fact in sentences:
        if fact is not None:
            stated.append(fact._replace(start=fact.start + position))
        position += len(text) + 1  # the blank between sentences
    return Passage(" ".join(text for text, _ in sentences), subject, tuple(stated))
