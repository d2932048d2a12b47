from __future__ import annotations

from reports.sections import SECTIONS, Page


def test_overlap_shows_counts_examples_and_the_contrasts_again(known: Page) -> None:
    context = SECTIONS["overlap"](known)
    assert context["n_overlapping"] == 30
    rows = context["rows"]
    assert [tuple(row.values()) for row in rows] == [  # type: ignore[attr-defined]
        ("test", "question, nearly the same", "3 of 200", "1.5%"),
        ("test", "answer, with any question", "20 of 200", "10.0%"),
    ]
    (example,) = context["examples"]  # type: ignore[misc]
    assert (example["item"], example["train_item"], example["similarity"]) == ("q1", "t9", "0.88")
    assert [one["n_items"] for one in context["again"]] == ["170", "170"]  # type: ignore[attr-defined]
    assert [one["p"] for one in context["exposed"]] == ["0.034", "it has no likelihood"]  # type: ignore[attr-defined]
