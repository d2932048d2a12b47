from __future__ import annotations

from reports.sections import SECTIONS, Page


def test_slices_are_tables_by_contrast_and_slice(known: Page) -> None:
    context = SECTIONS["slices"](known)
    first, second = context["tables"]  # type: ignore[misc]
    assert first["title"] == "context: question+context vs question (F1)"
    (group,) = second["groups"]
    assert group["title"] == "Question word"
    assert [(row["label"], row["n_items"]) for row in group["rows"]] == [
        ("what", "95"), ("who", "95"), ("rare", "10"),
    ]  # fmt: skip
    assert (group["rows"][2]["interval"], group["rows"][2]["p"]) == ("too few", "–")
    assert " to " in group["rows"][0]["interval"]
