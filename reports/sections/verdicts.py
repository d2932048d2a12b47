"""First section: what the experiment concludes, one card per hypothesis."""

from __future__ import annotations

from reports.comparison import Comparison
from reports.sections.page import Page
from reports.wording import numbers

__all__ = ["context", "headline_of"]

TONES = {
    "better": "good",
    "not worse by more than the margin": "good",
    "equivalent": "good",
    "worse": "bad",
    "worse by more than the margin": "bad",
    "not equivalent": "bad",
}
"""Colour of a verdict; the word always stands beside it."""

MOST_IN_HEADLINE = 2


def context(page: Page) -> dict[str, object]:
    """The headline, the question and the cards."""
    return {
        "headline": headline_of(page.analysis.comparisons),
        "question": page.study.question,
        "cards": [
            {
                "verdict": c.verdict,
                "tone": TONES.get(c.verdict, "open"),
                "headline": c.headline,
                "numbers": numbers(c),
                "contrast": c.contrast,
            }
            for c in page.analysis.comparisons
        ],
    }


def headline_of(comparisons: tuple[Comparison, ...]) -> str:
    """The verdicts as one line; from the third on they are only counted."""
    shown = [c.headline for c in comparisons[:MOST_IN_HEADLINE]]
    more = len(comparisons) - len(shown)
    text = "; ".join([shown[0], *(_lowered(s) for s in shown[1:])]) if shown else "No hypothesis"
    return f"{text}; and {more} more" if more > 0 else text


def _lowered(text: str) -> str:
    """Sentences start with labels, which keep their case, or with these words, which need not."""
    for word in ("Undecided", "The effect"):
        if text.startswith(word):
            return word[0].lower() + text[1:]
    return text
