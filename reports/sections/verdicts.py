"""First section: what the experiment concludes, one card per hypothesis."""

from __future__ import annotations

from collections import Counter

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
                "limits": _limits(page, c),
                "contrast": c.contrast,
            }
            for c in page.analysis.comparisons
        ],
    }


def headline_of(comparisons: tuple[Comparison, ...]) -> str:
    """The verdicts as one line; from the third on they are counted by kind."""
    shown = [c.headline for c in comparisons[:MOST_IN_HEADLINE]]
    text = "; ".join([shown[0], *(_lowered(s) for s in shown[1:])]) if shown else "No hypothesis"
    more = Counter(str(c.verdict) for c in comparisons[MOST_IN_HEADLINE:])
    if not more:
        return text
    counts = ", ".join(f"{n} {verdict}" for verdict, n in more.most_common())
    return f"{text}; and {counts}"


def _limits(page: Page, comparison: Comparison) -> str:
    """What a verdict does not say, for those who read nothing else."""
    parts = []
    if comparison.verdict == "undecided" and comparison.n_seeds:
        parts.append("Undecided is not “no difference”.")
    at = page.analysis.reached
    if at.state == "stopped":
        parts.append(f"Judged after {at.look.n_seeds} of {at.planned[-1].n_seeds} planned seeds.")
    if comparison.scope == "checkpoints":
        parts.append("About these trained checkpoints only: training again may turn it.")
    elif comparison.verdict != "undecided":
        parts.append("About items of this kind and training again with other seeds; other data,")
        parts.append("models and settings were not tried.")
    return " ".join(parts)


def _lowered(text: str) -> str:
    """Sentences start with labels, which keep their case, or with these words, which need not."""
    for word in ("Undecided", "The effect", "The gain"):
        if text.startswith(word):
            return word[0].lower() + text[1:]
    return text
