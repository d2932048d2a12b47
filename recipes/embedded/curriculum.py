"""The texts and tasks the base model is pretrained on, from copying words to answering questions.

An endless stream of (source, target) pairs. Its names come from the pretraining world, so none of
them occurs in the data set. Kinds of the ablation world occur as statements (cloze and span
corruption) and never as questions; questions are asked about the pretraining kinds only.
"""

from __future__ import annotations

import random
from typing import Final, NamedTuple

from recipes.embedded.kinds import ABLATION_KINDS, PRETRAINING_KINDS, Kind
from recipes.embedded.names import NameDealer
from recipes.embedded.passages import Passage, StatedFact, write_passage

QUESTION_TEMPLATE: Final = "question: {question}"
CONTEXT_TEMPLATE: Final = "question: {question} context: {context}"
N_SENTINELS: Final = 16
_ALL_KINDS: Final = PRETRAINING_KINDS + ABLATION_KINDS


class Example(NamedTuple):
    """What the model reads and what it should write."""

    source: str
    target: str


class Stage(NamedTuple):
    """One leg of the curriculum.

    Attributes
    ----------
    until : float
        Share of the training steps at which the stage ends.
    weights : dict of str to float
        How often each task is drawn.
    facts : tuple of int
        Numbers of facts a passage may state.
    distractors : tuple of int
        Numbers of distracting sentences it may hold.
    """

    until: float
    weights: dict[str, float]
    facts: tuple[int, ...]
    distractors: tuple[int, ...]


# The order matters: a model that has not yet learned to find one key and copy what follows it makes
# little progress on passages, where both a name and a relation have to match.
STAGES: Final = (
    Stage(0.03, {"copy": 0.2, "pairs": 0.8}, (2,), (0,)),
    Stage(0.12, {"pairs": 0.1, "lookup": 0.2, "answer": 0.7}, (2,), (0,)),
    Stage(
        0.25,
        {"pairs": 0.05, "lookup": 0.15, "answer": 0.5, "cloze": 0.26, "guess": 0.02, "spans": 0.02},
        (2, 3),
        (0, 1),
    ),
    Stage(
        1.00,
        {"lookup": 0.05, "answer": 0.53, "cloze": 0.36, "guess": 0.03, "spans": 0.03},
        (3, 4, 5),
        (0, 1, 2),
    ),
)


class Curriculum:
    """Draws pretraining examples.

    Parameters
    ----------
    seed : int
        Seed of every example; equal seeds and equal calls give equal examples.
    """

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"curriculum-{seed}")
        self._names = NameDealer("pretraining", random.Random(f"curriculum-names-{seed}"))
        self._tasks = {
            "copy": self._copy,
            "pairs": self._pairs,
            "lookup": self._lookup,
            "answer": self._answer,
            "guess": self._guess,
            "cloze": self._cloze,
            "spans": self._spans,
        }

    def draw(self, progress: float) -> Example:
        """Return one example.

        Parameters
        ----------
        progress : float
            Share of the training steps already taken, 0 to 1; decides the stage.
        """
        stage = next((s for s in STAGES if progress < s.until), STAGES[-1])
        task = self._rng.choices(list(stage.weights), list(stage.weights.values()))[0]
        self._names.forget()  # names need to differ inside one text only
        return self._tasks[task](stage)

    def answer(self) -> Example:
        """Return a question with its context, as hard as the data set's; used for validation."""
        self._names.forget()
        return self._answer(STAGES[-1])

    def text(self) -> str:
        """Return a passage about a thing of any kind; used to train the tokenizer."""
        self._names.forget()
        return self._passage(self._rng.choice(_ALL_KINDS), STAGES[-1]).text

    def _copy(self, stage: Stage) -> Example:
        words = " ".join(self._names.word() for _ in range(self._rng.randint(1, 6)))
        return Example(f"copy: {words}", words)

    def _pairs(self, stage: Stage) -> Example:
        """Ask for the word that follows another: retrieval with nothing else to learn."""
        rng = self._rng
        pairs = [(self._names.word(), self._names.word()) for _ in range(rng.randint(2, 5))]
        key, value = rng.choice(pairs)
        context = " ".join(f"{first} {second}." for first, second in pairs)
        return Example(CONTEXT_TEMPLATE.format(question=key, context=context), value)

    def _lookup(self, stage: Stage) -> Example:
        """Ask for one of several made-up relations: retrieval without any known template."""
        rng = self._rng
        subjects = [self._names.word() for _ in range(rng.randint(1, 3))]
        relations = [self._names.word().lower() for _ in range(rng.randint(1, 3))]
        pairs = [(subject, relation) for subject in subjects for relation in relations]
        rng.shuffle(pairs)
        pairs = pairs[:5]
        form = rng.choice(("The {k} of {n} is {v}.", "{n} has the {k} {v}.", "{n} {k} {v}."))
        values = [self._value() for _ in pairs]
        context = " ".join(
            form.format(n=n, k=k, v=v) for (n, k), v in zip(pairs, values, strict=True)
        )
        wanted = rng.randrange(len(pairs))
        subject, relation = pairs[wanted]
        ask = rng.choice(("What is the {k} of {n}?", "Which {k} has {n}?", "{n} {k}?"))
        question = ask.format(n=subject, k=relation)
        return Example(CONTEXT_TEMPLATE.format(question=question, context=context), values[wanted])

    def _answer(self, stage: Stage) -> Example:
        passage, stated, question = self._ask(stage)
        source = CONTEXT_TEMPLATE.format(question=question, context=passage.text)
        return Example(source, stated.value)

    def _guess(self, stage: Stage) -> Example:
        """Ask without the context, so that the format is known; most values cannot be."""
        _, stated, question = self._ask(stage)
        return Example(QUESTION_TEMPLATE.format(question=question), stated.value)

    def _cloze(self, stage: Stage) -> Example:
        """Find the value that is missing from another wording of a stated fact."""
        # In equal parts, since for the ablation kinds this is all there is to learn from.
        kinds = self._rng.choice((PRETRAINING_KINDS, ABLATION_KINDS))
        passage = self._passage(self._rng.choice(kinds), stage)
        stated = self._rng.choice(passage.stated)
        templates = stated.fact.sentences
        others = [text for index, text in enumerate(templates) if index != stated.sentence]
        gap = self._rng.choice(others).format(n=passage.subject, v="<extra_id_0>")
        return Example(f"complete: {gap} context: {passage.text}", stated.value)

    def _spans(self, stage: Stage) -> Example:
        """Replace some words by sentinels, in runs of one to three words.

        Few and short: most of what is masked is a name that nothing foretells, and the loss counts
        tokens, so that long targets would outweigh the answers of the other tasks.
        """
        rng = self._rng
        words = self._passage(rng.choice(_ALL_KINDS), stage).text.split(" ")
        source: list[str] = []
        target: list[str] = []
        sentinel = 0
        position = 0
        while position < len(words):
            if rng.random() < 0.04 and sentinel < N_SENTINELS:
                length = rng.randint(1, 3)
                source.append(f"<extra_id_{sentinel}>")
                target += [f"<extra_id_{sentinel}>", *words[position : position + length]]
                sentinel += 1
                position += length
            else:
                source.append(words[position])
                position += 1
        return Example(" ".join(source), " ".join(target))

    def _ask(self, stage: Stage) -> tuple[Passage, StatedFact, str]:
        passage = self._passage(self._rng.choice(PRETRAINING_KINDS), stage)
        stated = self._rng.choice(passage.stated)
        question = self._rng.choice(stated.fact.questions).format(n=passage.subject)
        return passage, stated, question

    def _passage(self, kind: Kind, stage: Stage) -> Passage:
        rng = self._rng
        n_facts, n_distractors = rng.choice(stage.facts), rng.choice(stage.distractors)
        region = self._names.word()
        return write_passage(rng, self._names, kind, region, n_facts, n_distractors)

    def _value(self) -> str:
        rng = self._rng
        return rng.choice(
            (self._names.word, self._names.person, lambda: str(rng.randint(2, 9999)))
        )()
