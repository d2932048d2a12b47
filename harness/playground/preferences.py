"""What the stored votes say of each two arms that stood side by side.

Counts them; the interval and the test are `reports.statistics`'.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import Final, NamedTuple

from django.db.models import QuerySet

from harness.playground.models import Answer, Vote
from reports.statistics import Preference, preference
from reports.wording import p_text

__all__ = ["NOTES", "Pair", "pairs"]

NOTES: Final = (
    "Votes are counted as independent of each other; several votes on like questions, or by one"
    " person, say less than their number.",
    "They speak about these trained checkpoints only: what another seed would give is not known.",
    "Votes given with the arms unnamed are never mixed with others: a name in sight can sway one.",
    "With several pairs the p-values are exploratory: they are not corrected for their number.",
)
"""What a reader of the table has to know."""

_JUDGED = (Answer.Status.DONE, Answer.Status.STOPPED)


class Pair(NamedTuple):
    """The votes on two arms, either all blind or all with names in sight.

    Attributes
    ----------
    blind : bool
        Whether the arms were unnamed.
    first, second : str
        The arms' names, in alphabetical order.
    first_key, second_key : str
        Which arms they are.
    preference : Preference
        Of the first over the second.
    """

    blind: bool
    first: str
    second: str
    first_key: str
    second_key: str
    preference: Preference

    @property
    def votes(self) -> int:
        """How many there are, those that saw no difference included."""
        return self.preference.wins + self.preference.losses + self.preference.ties

    @property
    def sentence(self) -> str:
        """What the votes say of the first arm against the second, without their names."""
        return _sentence(self.preference)


def pairs(votes: QuerySet[Vote]) -> tuple[Pair, ...]:
    """Each two arms that some of these votes compared, blind votes first, then by name.

    A vote among several arms is a win of the preferred one over each other one, and says nothing
    of the others among each other; "no difference" is a tie of every two. An answer that failed
    or was interrupted was not judged, and neither lost nor tied. An arm that has had several
    names goes by its last one.
    """
    counts: Counter[tuple[bool, frozenset[str], str]] = Counter()  # the last: who won, or ""
    names: dict[str, str] = {}
    for vote in votes.prefetch_related("turn__answers").order_by("pk"):
        judged = [one for one in vote.turn.answers.all() if one.status in _JUDGED]
        names.update((one.arm_key, one.arm_name) for one in judged)
        won = next((one.arm_key for one in judged if one.pk == vote.preferred_id), "")
        for two in combinations((one.arm_key for one in judged), 2):
            if vote.preferred_id is None or won in two:
                counts[vote.blind, frozenset(two), won] += 1
    return tuple(
        sorted(
            (_pair(counts, names, blind, two) for blind, two in {place[:2] for place in counts}),
            key=lambda pair: (not pair.blind, pair[1:5]),
        )
    )


def _pair(
    counts: Counter[tuple[bool, frozenset[str], str]],
    names: dict[str, str],
    blind: bool,
    two: frozenset[str],
) -> Pair:
    first, second = sorted(two, key=lambda key: (names[key], key))
    wins, losses, ties = (counts[blind, two, won] for won in (first, second, ""))
    found = preference(wins, losses, ties)
    return Pair(blind, names[first], names[second], first, second, found)


def _sentence(of: Preference) -> str:
    same = f"{of.ties} {'vote' if of.ties == 1 else 'votes'} saw no difference"
    decided = of.wins + of.losses
    if not decided:
        return f"{same}, and none preferred either; no preference is shown"
    text = (
        f"preferred in {of.wins} of {decided} {'vote' if decided == 1 else 'votes'}:"
        f" {_percent(of.share)}% ({100 * of.level:.4g}% interval"
        f" {_percent(of.ci_low)}–{_percent(of.ci_high)}%), exact binomial {p_text(of.p_value)}"
    )
    if of.ties:
        text += f"; {same}"
    if of.ci_low <= 0.5 <= of.ci_high:
        text += "; the interval includes one half, so no preference is shown"
    return text


def _percent(share: float) -> str:
    """Without decimals, but where these would make it none, half or all, which it is not."""
    text = f"{100 * share:.0f}"
    rounded = text in ("0", "50", "100") and share not in (0, 0.5, 1)
    return f"{100 * share:.1f}" if rounded else text
