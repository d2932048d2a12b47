from __future__ import annotations

from dataclasses import replace

from harness.experiment.declaration import Declaration, with_declaration
from reports.sections import SECTIONS, Page, declaration


def test_declaration_shows_its_hash_its_time_and_every_change(page: Page) -> None:
    assert declaration.context(page) == {"first": None, "changes": []}
    first = {"alpha": 0.05, "test items": "a" * 64}
    history = with_declaration((), first, at="2026-01-02T03:04:05+00:00", n_known=0, n_runs=4)
    other = {"alpha": 0.1, "test items": "b" * 64}
    history = with_declaration(history, other, at="2026-01-03T00:00:00", n_known=3, n_runs=4)
    shown = declaration.context(replace(page, study=replace(page.study, history=history)))
    assert shown["first"] == {
        "at": "2026-01-02 03:04 UTC", "hash": history[0].hash, "state": "no run had a result",
    }  # fmt: skip
    assert shown["last"] == history[1].hash

    def known_before(history: tuple[Declaration, ...]) -> object:
        told = replace(page, study=replace(page.study, history=history))
        return SECTIONS["trust"](told)["declared_first"]

    assert [known_before(history[:n]) for n in range(3)] == [False, True, False]
    changes = [tuple(change.values()) for change in shown["changes"]]  # type: ignore[attr-defined]
    when, state = "2026-01-03 00:00 UTC", "3 of 4 runs had results"
    assert changes == [
        (when, state, "alpha", "0.05", "0.1"),
        (when, state, "test items", "a" * 12, "b" * 12),
    ]
