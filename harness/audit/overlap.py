"""What the test and validation items have in common with the training items.

Finds and counts; changes no split. `duplicates` says when two texts are equal or near.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from harness.audit.duplicates import near_passages, near_questions, normalised
from harness.data.items import Dataset, Item
from harness.metrics.squad import normalise as normalised_answer

__all__ = ["Example", "Finding", "Overlap", "audit_overlap"]

Split = Literal["test", "validation"]
Part = Literal["question", "context", "answer"]
Kind = Literal["exact", "near"]

PASSAGE_WORDS = 20
"""A context of fewer words (`no input`, `The quick brown fox`) gives nothing away by itself."""

FREE_TEXT_WORDS = 10
"""Longer answers are worded anew each time, so that they differ does not set questions apart."""

_EXAMPLES = 3
_EXCERPT = 160


@dataclass(frozen=True, slots=True)
class Example:
    """An item whose text occurs in training; texts are cut to 160 characters.

    `similarity` is Jaccard's, 1 for texts that are equal or differ in their order only.
    """

    item: str
    text: str
    train_item: str
    train_text: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Finding:
    """How many items of a split have one of their texts in common with training.

    Attributes
    ----------
    split : {"test", "validation"}
    part : {"question", "context", "answer"}
        `answer`: at least one reference is a reference of some training item.
    kind : {"exact", "near"}
        Each item counts once per part, as near only where it is not exact.
    items, of : int
        Items concerned, and items that have such a text at all.
    examples : tuple of Example
        Up to three, of different texts, the most similar first.
    """

    split: Split
    part: Part
    kind: Kind
    items: int
    of: int
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class Overlap:
    """What an audit found.

    Attributes
    ----------
    findings : tuple of Finding
        Five for each of test and validation.
    overlapping : frozenset of str
        Test items that training may have given away; without them a contrast is estimated again.
    answer_seen : frozenset of str
        Test items with a reference that is also one of a training item.
    """

    findings: tuple[Finding, ...]
    overlapping: frozenset[str]
    answer_seen: frozenset[str]

    def finding(self, split: Split, part: Part, kind: Kind) -> Finding:
        """The finding on one split, part and kind; there is none of near answers."""
        return next(f for f in self.findings if (f.split, f.part, f.kind) == (split, part, kind))

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values; the items in their alphabetical order."""
        return {
            "findings": [asdict(finding) for finding in self.findings],
            "overlapping": sorted(self.overlapping),
            "answer_seen": sorted(self.answer_seen),
        }

    @classmethod
    def from_json(cls, tree: Mapping[str, Any]) -> Overlap:
        """The same audit again, from what `to_json` gave."""
        findings = tuple(
            Finding(**{**row, "examples": tuple(Example(**e) for e in row["examples"])})
            for row in tree["findings"]
        )
        return cls(findings, frozenset(tree["overlapping"]), frozenset(tree["answer_seen"]))


def audit_overlap(dataset: Dataset, *, say: Callable[[str], None] | None = None) -> Overlap:
    """Compare the contexts, questions and answers of test and validation with those of training.

    Parameters
    ----------
    dataset : Dataset
    say : callable, optional
        Told what is being compared; for large data sets.

    Returns
    -------
    Overlap

    Notes
    -----
    A test item is `overlapping` if training may have given it away:

    - its context has 20 words or more and is, exactly or nearly, one of training, or
    - its question is exactly one of training, asked about the same context or without one, or
    - its question is nearly such a question, and the two have an answer in common or answers too
      long to tell. "Who won in 1990?" and "Who won in 1991?" are near and not the same.

    A question that training asks about another context is listed, and is no overlap: the item
    has to be read all the same. Nor is an answer that was seen with other questions.
    """
    normal = _normaliser()
    rules: dict[Part, _Rule] = {
        "question": _question_rule(dataset.train, normal),
        "context": _passage_rule,
    }
    findings: list[Finding] = []
    overlapping: set[str] = set()
    for part, rule in rules.items():
        known = _by_text(dataset.train, part, normal)
        held: dict[Split, _ByText] = {
            "test": _by_text(dataset.test, part, normal),
            "validation": _by_text(dataset.validation, part, normal),
        }
        asked = list(dict.fromkeys([*held["test"], *held["validation"]]))
        if say:
            say(f"overlap: {len(asked):,} different {part}s against {len(known):,} of training")
        closest: dict[str, _Match] = {}
        for text, matches in _compared(part, asked, list(known)):
            closest[text] = matches[0]
            overlapping.update(i.id for i in held["test"].get(text, ()) if rule(i, text, matches))
        for split, items in held.items():
            for kind in ("exact", "near"):
                findings.append(_texts_found(split, part, kind, items, known, closest))
    first = _first_with_answer(dataset.train)
    findings.append(_answers_found("test", dataset.test, first))
    findings.append(_answers_found("validation", dataset.validation, first))
    answer_seen = frozenset(item.id for item in dataset.test if _answers(item) & first.keys())
    return Overlap(tuple(findings), frozenset(overlapping), answer_seen)


class _Match(NamedTuple):
    """A training text that equals or is near to the text it was found for."""

    text: str
    similarity: float
    kind: Kind


_ByText = Mapping[str, Sequence[Item]]
_Rule = Callable[[Item, str, Sequence[_Match]], bool]


def _normaliser() -> Callable[[str], str]:
    """`normalised`, once per text: a passage comes with each of its questions."""
    done: dict[str, str] = {}

    def normal(text: str) -> str:
        if text not in done:
            done[text] = normalised(text)
        return done[text]

    return normal


def _by_text(items: Sequence[Item], part: Part, normal: Callable[[str], str]) -> _ByText:
    """Items by their normalised text; those without one are left out."""
    groups: defaultdict[str, list[Item]] = defaultdict(list)
    for item in items:
        text = normal(item.fields.get(part, ""))
        if text:
            groups[text].append(item)
    return groups


def _compared(
    part: Part, asked: Sequence[str], known: Sequence[str]
) -> Iterator[tuple[str, list[_Match]]]:
    """The texts that match any, each with its matches, the closest first."""
    find = near_passages if part == "context" else near_questions
    equal = set(known)
    for text, near in zip(asked, find(asked, known), strict=True):
        matches = [_Match(text, 1.0, "exact")] if text in equal else []
        closest_first = sorted(near, key=lambda match: -match.similarity)
        matches += [_Match(known[at], similarity, "near") for at, similarity in closest_first]
        if matches:
            yield text, matches


def _passage_rule(item: Item, text: str, matches: Sequence[_Match]) -> bool:
    return len(text.split()) >= PASSAGE_WORDS


def _question_rule(train: Sequence[Item], normal: Callable[[str], str]) -> _Rule:
    """Whether a training question gives an item away; see the notes of `audit_overlap`."""
    answers: defaultdict[tuple[str, str | None], set[str]] = defaultdict(set)
    for item in train:
        question, context = (normal(item.fields.get(part, "")) for part in ("question", "context"))
        for key in ((question, context), (question, None)):
            answers[key] |= _answers(item)

    def rule(item: Item, text: str, matches: Sequence[_Match]) -> bool:
        context = normal(item.fields.get("context", ""))
        own = _answers(item)
        free_text = any(len(answer.split()) > FREE_TEXT_WORDS for answer in own)
        for match in matches:
            # An item without a context is given away by the question in any context.
            keys = [(match.text, context), (match.text, "")] if context else [(match.text, None)]
            for key in keys:
                if key in answers and (match.kind == "exact" or free_text or own & answers[key]):
                    return True
        return False

    return rule


def _answers(item: Item) -> set[str]:
    """References as EM compares them; one of nothing but articles and punctuation stays itself."""
    return {normalised_answer(answer) or answer.strip() for answer in item.answers}


def _first_with_answer(train: Sequence[Item]) -> dict[str, Item]:
    first: dict[str, Item] = {}
    for item in train:
        for answer in sorted(_answers(item)):
            first.setdefault(answer, item)
    return first


def _texts_found(
    split: Split,
    part: Part,
    kind: Kind,
    items: _ByText,
    known: _ByText,
    closest: Mapping[str, _Match],
) -> Finding:
    found = [text for text in items if text in closest and closest[text].kind == kind]
    found.sort(key=lambda text: -closest[text].similarity)
    examples = []
    for text in found[:_EXAMPLES]:
        item, seen = items[text][0], known[closest[text].text][0]
        examples.append(
            Example(
                item.id,
                _excerpt(item.fields[part]),
                seen.id,
                _excerpt(seen.fields[part]),
                closest[text].similarity,
            )
        )
    concerned = sum(len(items[text]) for text in found)
    return Finding(split, part, kind, concerned, sum(map(len, items.values())), tuple(examples))


def _answers_found(split: Split, items: Sequence[Item], first: Mapping[str, Item]) -> Finding:
    concerned = 0
    examples: dict[str, Example] = {}
    for item in items:
        shared = sorted(_answers(item) & first.keys())
        if shared:
            concerned += 1
            seen = first[shared[0]]
            if len(examples) < _EXAMPLES:
                texts = [_excerpt(shared[0])] * 2
                examples.setdefault(shared[0], Example(item.id, texts[0], seen.id, texts[1], 1.0))
    answerable = sum(bool(item.answers) for item in items)
    return Finding(split, "answer", "exact", concerned, answerable, tuple(examples.values()))


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT else line[: _EXCERPT - 1] + "…"
