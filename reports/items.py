"""Every test item with every answer to it, and what became of it from one arm to another.

Collects and classifies; `reports.packing` makes it fit on a page. No statistics here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.audit.slices import LABEL_ORDER
from harness.results import RunRecord
from reports.scores import ScoreTable
from reports.study import Study

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CATEGORIES", "LONGEST_ANSWER", "Items", "Slice", "items_of", "outcomes"]

Ints: TypeAlias = NDArray[np.int64]

LONGEST_ANSWER = 500
"""Code points that are kept of an answer or a reference; a model that does not stop writes more."""

CATEGORIES = ("gained", "lost", "both right", "both wrong")
"""What `outcomes` tells apart: the index is the code."""


class Slice(NamedTuple):
    """One slice's labels, and which of them each item has (-1: none), shape (n_items,)."""

    name: str
    labels: tuple[str, ...]
    codes: Ints


@dataclass(frozen=True, eq=False)
class Items:
    """What was asked, what the references say, and what every run answered.

    Attributes
    ----------
    arms : tuple of str, length n_arms
    seeds : tuple of int, length n_seeds
    ids, questions : tuple of str, length n_items
        A question is "" where it is not known.
    contexts, texts : tuple of str
        Each context, and each answer or reference, once.
    context_of : ndarray of int, shape (n_items,)
        Index in `contexts`; -1 without one.
    spans : ndarray of int, shape (n_items, 2)
        Where the first reference starts and ends in the context, in code points; -1 if unknown.
    references : tuple of tuple of int, length n_items
        Indices in `texts`; empty for an unanswerable item.
    answers : ndarray of int, shape (n_arms, n_seeds, n_items)
        Index in `texts`; -1 where the run is missing.
    em, f1 : ndarray of int, shape (n_arms, n_seeds, n_items)
        Exact match as 0 or 1, and F1 in whole points; -1 where the item is unscored.
    slices : tuple of Slice
    n_cut : int
        Answers and references, of all runs, that are not whole.
    """

    arms: tuple[str, ...]
    seeds: tuple[int, ...]
    ids: tuple[str, ...]
    questions: tuple[str, ...]
    contexts: tuple[str, ...]
    texts: tuple[str, ...]
    context_of: Ints
    spans: Ints
    references: tuple[tuple[int, ...], ...]
    answers: Ints
    em: Ints
    f1: Ints
    slices: tuple[Slice, ...]
    n_cut: int = 0


class _Store:
    """Texts, each once, by their index."""

    def __init__(self, longest: int | None = None) -> None:
        self.index: dict[str, int] = {}
        self.longest = longest
        self.n_cut = 0

    def put(self, text: str) -> int:
        if self.longest is not None and len(text) > self.longest:
            text = text[: self.longest] + "…"
            self.n_cut += 1
        return self.index.setdefault(text, len(self.index))


def items_of(study: Study, table: ScoreTable, records: Sequence[RunRecord]) -> Items:
    """Collect the items of a score table with their texts and answers.

    Parameters
    ----------
    study : Study
        Its background's texts and labels are used as far as there are any.
    table : ScoreTable
    records : sequence of RunRecord
        Those without predictions, or of other arms or seeds, leave -1.

    Returns
    -------
    Items
        In the order of `table.items`; empty where no run has predictions.
    """
    order = list(table.items)
    shape = (len(table.arms), len(table.seeds), len(order))
    answers = np.full(shape, -1, dtype=np.int64)
    store = _Store(LONGEST_ANSWER)
    gold: list[list[str]] = [[] for _ in order]
    frame: pd.DataFrame | None = None
    for record in records:
        if record.predictions is None or record.arm not in table.arms:
            continue
        if record.seed not in table.seeds:
            continue
        own = record.predictions.set_index(record.predictions["item"].astype(str)).loc[order]
        if frame is None:
            frame, gold = own, [[str(text) for text in entry] for entry in own["references"]]
        place = table.arms.index(record.arm), table.seeds.index(record.seed)
        answers[place] = [store.put(str(text)) for text in own["prediction"]]
    questions, passages, starts = _asked(study, order, frame)
    contexts = _Store()
    return Items(
        arms=table.arms,
        seeds=table.seeds,
        ids=table.items,
        questions=tuple(questions),
        context_of=np.array([contexts.put(p) if p else -1 for p in passages], dtype=np.int64),
        contexts=tuple(contexts.index),
        spans=_spans(passages, starts, gold),
        references=tuple(tuple(store.put(text) for text in dict.fromkeys(g)) for g in gold),
        texts=tuple(store.index),
        answers=answers,
        em=_whole(table.columns["em"] / 100),
        f1=_whole(table.columns["f1"]),
        slices=_slices(study, order),
        n_cut=store.n_cut,
    )


def outcomes(em: Ints, control: int, treatment: int) -> Ints:
    """What became of each item from one arm to another.

    An arm is right on an item if it is right in more than half of the seeds in which both arms
    have a score for it.

    Parameters
    ----------
    em : ndarray of int, shape (n_arms, n_seeds, n_items)
        1, 0, or -1 for unscored.
    control, treatment : int
        Indices of the arms.

    Returns
    -------
    ndarray of int, shape (n_items,)
        Index in `CATEGORIES`; -1 where the arms have no seed in common.
    """
    common = (em[control] >= 0) & (em[treatment] >= 0)
    n_common = common.sum(axis=0)

    def right(arm: int) -> NDArray[np.bool_]:
        return np.asarray(2 * ((em[arm] == 1) & common).sum(axis=0) > n_common)

    before, after = right(control), right(treatment)
    codes = np.select([~before & after, before & ~after, before & after], [0, 1, 2], 3)
    return np.where(n_common > 0, codes, -1)


def _asked(
    study: Study, order: list[str], frame: pd.DataFrame | None
) -> tuple[list[str], list[str], list[int]]:
    """Questions, contexts and answer starts; "" and -1 where they were not stored."""
    nothing, unknown = [""] * len(order), [-1] * len(order)
    texts = study.background.texts if study.background else None
    if texts is not None:
        known = texts.set_index(texts["item"].astype(str)).reindex(order)
        # Not `astype(str)`, whose strings cannot hold what is not valid Unicode.
        asked, read = ([_text(v) for v in known[name]] for name in ("question", "context"))
        return asked, read, known["answer_start"].fillna(-1).astype(int).tolist()
    if frame is not None and "context" in frame:  # a cluster level, and the paragraph itself
        return nothing, [_text(value) for value in frame["context"]], unknown
    return nothing, nothing, unknown


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _spans(passages: list[str], starts: list[int], gold: list[list[str]]) -> Ints:
    """Only of answers that do stand where they are said to."""
    spans = np.full((len(passages), 2), -1, dtype=np.int64)
    for place, (passage, start, own) in enumerate(zip(passages, starts, gold, strict=True)):
        if own and own[0] and start >= 0 and passage.startswith(own[0], start):
            spans[place] = start, start + len(own[0])
    return spans


def _whole(values: NDArray[np.float64]) -> Ints:
    return np.where(np.isnan(values), -1, np.rint(np.nan_to_num(values))).astype(np.int64)


def _slices(study: Study, order: list[str]) -> tuple[Slice, ...]:
    if study.background is None:
        return ()
    table = study.background.labels
    table = table.set_index(table["item"].astype(str)).reindex(order).drop(columns="item")
    return tuple(_slice(str(name), table[name].fillna("").tolist()) for name in table.columns)


def _slice(name: str, values: list[str]) -> Slice:
    own = LABEL_ORDER.get(name, ())
    rest = sorted({value for value in values if value} - set(own))
    labels = (*(label for label in own if label in values), *rest)
    code = {label: place for place, label in enumerate(labels)}
    return Slice(name, labels, np.array([code.get(v, -1) for v in values], dtype=np.int64))
