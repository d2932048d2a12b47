from __future__ import annotations

from dataclasses import replace

from reports.sections import SECTIONS, Page
from reports.sections.verdicts import headline_of


def test_headline_counts_what_it_does_not_show(page: Page) -> None:
    comparisons = page.analysis.comparisons
    three = (*comparisons, replace(comparisons[0], verdict="undecided"), *comparisons[:1] * 2)
    assert headline_of(three).endswith("; and 2 better, 1 undecided")
    undecided = replace(comparisons[1], headline="Undecided whether x")
    assert headline_of((comparisons[0], undecided)).endswith("; undecided whether x")
    assert headline_of(()) == "No hypothesis"


def test_a_card_says_what_its_verdict_does_not_show(page: Page) -> None:
    better, not_worse = page.analysis.comparisons

    def limits(**changes: object) -> str:
        comparisons = (replace(better, **changes), not_worse)
        shown = replace(page, analysis=replace(page.analysis, comparisons=comparisons))
        return SECTIONS["verdicts"](shown)["cards"][0]["limits"]  # type: ignore[index]

    assert "other data, models and settings were not tried" in limits()
    assert limits(verdict="undecided") == "Undecided is not “no difference”."
    assert limits(scope="checkpoints").startswith("About these trained checkpoints only")
