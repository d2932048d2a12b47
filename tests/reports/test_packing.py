"""Items as text inside a page: harmless, readable again, and no more than fits."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from reports.items import Items, Slice
from reports.packing import LONGEST_CONTEXT, LeftOut, fitted, packed


def invented(n_items: int = 300, long_contexts: int = 0) -> Items:
    """Two arms, two seeds; every third item is gained, and the last seed of the second is missing.

    Each pair of items shares a context.
    """
    rng = np.random.default_rng(3)
    numbers = np.arange(n_items)
    n_contexts = (n_items + 1) // 2
    long = np.arange(n_contexts) < long_contexts
    contexts = [
        f"Context {i} " + "w" * (LONGEST_CONTEXT if far else 60) for i, far in enumerate(long)
    ]
    wrong, right = 2 * numbers, 2 * numbers + 1
    gained = numbers % 3 == 0
    answers = np.stack([[wrong, wrong], [np.where(gained, right, wrong), np.full(n_items, -1)]])
    em = np.where(answers < 0, -1, answers % 2)
    return Items(
        arms=("a", "b"),
        seeds=(0, 1),
        ids=tuple(f"id{i}" for i in rng.permutation(n_items)),
        questions=tuple(f"Question {i}?" for i in numbers),
        contexts=tuple(contexts),
        texts=tuple(f"{'gold' if i % 2 else 'other'} {i // 2}" for i in range(2 * n_items)),
        context_of=numbers // 2,
        spans=np.stack([numbers % 5, numbers % 5 + 3], axis=1),
        references=tuple((int(i),) if i % 4 else () for i in right),
        answers=answers,
        em=em,
        f1=np.where(em < 0, -1, 100 * em),
        slices=(Slice("half", ("even", "odd"), numbers % 2),),
    )


def said(tree: dict[str, Any]) -> dict[str, list[Any]]:
    """By question, everything that the page would show of it."""

    def answers(i: int) -> list[Any]:
        runs = [run for arm in tree["answers"] for run in arm]
        return [run and tree["texts"][run[i]] for run in runs]

    return {
        question: [
            tree["ids"][i],
            tree["contexts"][tree["contextOf"][i]] if tree["contextOf"][i] >= 0 else None,
            tree["spans"][i],
            [tree["texts"][t] for t in tree["references"][i]],
            answers(i),
            [run and run[i] for arm in tree["em"] for run in arm],
            [run and run[i] for arm in tree["f1"] for run in arm],
            tree["slices"][0]["codes"][i],
        ]
        for i, question in enumerate(tree["questions"])
    }


def test_packed_items_by_hand() -> None:
    items = invented(2)
    assert json.loads(packed(items)) == {
        "arms": ["a", "b"],
        "seeds": [0, 1],
        "ids": list(items.ids),
        "questions": ["Question 0?", "Question 1?"],
        "contexts": ["Context 0 " + "w" * 60],
        "texts": ["other 0", "gold 0", "other 1", "gold 1"],
        "contextOf": [0, 0],
        "spans": [[0, 3], [1, 4]],
        "references": [[1], [3]],
        "answers": [[[0, 2], [0, 2]], [[1, 2], None]],
        "em": [["00", "00"], ["10", None]],
        "f1": [[[0, 0], [0, 0]], [[100, 0], None]],
        "slices": [{"name": "half", "labels": ["even", "odd"], "codes": [0, 1]}],
    }


@pytest.mark.parametrize(
    "text",
    [
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "a & b &lt;",
        "line\u2028separators\u2029",
        "quotes \" \\ ' and \x00 control \x1b characters \r\n",
        "😀 𝒜 \u202e right to left \ufeff",
    ],
)
def test_hostile_texts_survive_and_end_nothing(text: str) -> None:
    whole = invented(2)
    items = Items(**{**vars(whole), "questions": (text, text), "arms": (text, "b")})
    line = packed(items)
    assert not set("<>&\u2028\u2029\n\x00") & set(line)
    assert json.loads(line)["questions"] == [text, text]
    assert json.loads(line)["arms"] == [text, "b"]


def test_half_a_surrogate_pair_becomes_one_replacement_character() -> None:
    items = Items(**{**vars(invented(2)), "contexts": ("ab\ud800cd\udc00",)})
    assert json.loads(packed(items).encode())["contexts"] == ["ab\ufffdcd\ufffd"]


def test_what_fits_stays_as_it_is() -> None:
    items = invented(long_contexts=5)
    assert fitted(items, len(packed(items))) == (items, LeftOut())


def test_first_the_long_contexts_go() -> None:
    items = invented(long_contexts=5)
    part, left_out = fitted(items, len(packed(items)) - 1)
    assert left_out == LeftOut(contexts=5)
    was, now = (said(json.loads(packed(one))) for one in (items, part))
    assert list(now) == list(was)
    for place, question in enumerate(was):
        if place < 10:
            was[question][1:3] = None, [-1, -1]
    assert now == was


def test_then_items_without_change_and_the_rest_stays_as_it_was() -> None:
    items = invented(long_contexts=5)
    whole = len(packed(fitted(items, len(packed(items)) - 1)[0]))
    budget = whole * 2 // 3
    part, left_out = fitted(items, budget)
    assert whole * 0.6 < len(packed(part)) <= budget
    assert left_out == LeftOut(contexts=5, items=300 - len(part.ids), changed=0)
    was, now = (said(json.loads(packed(one))) for one in (items, part))
    for place, question in enumerate(was):
        if place < 10:
            was[question][1:3] = None, [-1, -1]
        assert place % 3 or question in now
    assert now == {question: was[question] for question in was if question in now}
    assert set(part.texts) <= {t for own in now.values() for t in [*own[3], *own[4]]}


def test_changed_items_go_last_and_are_counted() -> None:
    items = invented()
    part, left_out = fitted(items, len(packed(items)) // 5)
    assert len(packed(part)) <= len(packed(items)) // 5
    assert left_out.changed == 100 - len(part.ids) > 0
    assert left_out.items == 300 - len(part.ids)


def test_which_items_go_does_not_depend_on_their_order() -> None:
    items = invented()
    order = np.random.default_rng(0).permutation(300)
    other = Items(
        **{
            **vars(items),
            "ids": tuple(items.ids[i] for i in order),
            "questions": tuple(items.questions[i] for i in order),
            "references": tuple(items.references[i] for i in order),
            **{name: getattr(items, name)[order] for name in ("context_of", "spans")},
            **{name: getattr(items, name)[:, :, order] for name in ("answers", "em", "f1")},
            "slices": (items.slices[0]._replace(codes=items.slices[0].codes[order]),),
        }
    )
    budget = len(packed(items)) * 2 // 3
    first, second = fitted(items, budget)[0], fitted(other, budget)[0]
    assert sorted(first.ids) == sorted(second.ids)
    assert first.ids != second.ids


def test_nothing_may_fit() -> None:
    part, left_out = fitted(invented(), 10)
    assert part.ids == ()
    assert left_out == LeftOut(items=300, changed=100)
