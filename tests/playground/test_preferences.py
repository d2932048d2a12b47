"""What stored votes say of pairs of arms; the numbers themselves are reports.statistics' tests."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from reports.statistics import preference

pytestmark = pytest.mark.usefixtures("database")


class Ballot(NamedTuple):
    """Arms side by side, and the preferred one."""

    arms: str
    preferred: str | None
    blind: bool = True
    failed: str = ""


def table(*ballots: Ballot) -> list[tuple[bool, str, str, int, int, int]]:
    from harness.playground.models import Answer, Vote
    from harness.playground.preferences import pairs
    from tests.playground.stored import asked, begun, voted

    conversation = begun()
    for arms, preferred, blind, failed in ballots:
        turn = asked(conversation, {name: name for name in arms})
        turn.answers.filter(arm_name__in=list(failed)).update(status=Answer.Status.FAILED)
        voted(turn, preferred, blind=blind)
    found = pairs(Vote.objects.all())
    for pair in found:
        assert repr(pair.preference) == repr(preference(*pair.preference[:3]))  # NaN is not NaN
    assert all(pair.votes == sum(pair.preference[:3]) for pair in found)
    return [(pair.blind, pair.first, pair.second, *pair.preference[:3]) for pair in found]


def test_votes_are_counted_whatever_the_order_of_the_arms() -> None:
    ballots = [Ballot("ab", "a"), Ballot("ba", "a"), Ballot("ba", "b"), Ballot("ab", None)]
    assert table(*ballots) == [(True, "a", "b", 2, 1, 1)]


def test_of_three_arms_the_preferred_wins_over_each_and_the_others_are_not_compared() -> None:
    assert table(Ballot("abc", "b")) == [(True, "a", "b", 0, 1, 0), (True, "b", "c", 1, 0, 0)]
    assert table(Ballot("bca", None))[1] == (True, "a", "c", 0, 0, 1)


def test_blind_votes_and_open_ones_are_not_pooled() -> None:
    found = table(Ballot("ab", "a", blind=False), Ballot("bc", "c"), Ballot("ab", "b"))
    assert found == [
        (True, "a", "b", 0, 1, 0),
        (True, "b", "c", 0, 1, 0),
        (False, "a", "b", 1, 0, 0),
    ]


def test_an_answer_that_failed_was_not_judged() -> None:
    assert table(Ballot("abc", "a", failed="c")) == [(True, "a", "b", 1, 0, 0)]
    assert table(Ballot("abc", None, failed="a"))[1:] == [(True, "b", "c", 0, 0, 1)]


def test_an_arm_is_its_key_and_shows_its_last_name() -> None:
    from harness.playground.models import Answer, Vote
    from harness.playground.preferences import pairs
    from tests.playground.stored import asked, begun, voted

    for _ in range(2):
        voted(asked(begun(), {"a": "", "b": ""}), "b")
    Answer.objects.filter(pk=Answer.objects.filter(arm_name="b").last().pk).update(arm_name="new")
    [pair] = pairs(Vote.objects.all())
    assert (pair.second, pair.second_key, pair.preference.losses) == ("new", "k-b", 2)


def test_there_are_no_pairs_without_votes() -> None:
    assert table() == []


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        (
            (12, 3, 2),
            "preferred in 12 of 15 votes: 80% (95% interval 52–96%), exact binomial p = 0.035;"
            " 2 votes saw no difference",
        ),
        (
            (2, 1, 1),
            "preferred in 2 of 3 votes: 67% (95% interval 9–99%), exact binomial p = 1.00;"
            " 1 vote saw no difference; the interval includes one half, so no preference is shown",
        ),
        (
            (500, 430, 0),
            "preferred in 500 of 930 votes: 54% (95% interval 50.5–57%), exact binomial p = 0.024",
        ),
        ((0, 0, 3), "3 votes saw no difference, and none preferred either; no preference is shown"),
    ],
)
def test_a_pair_says_in_words_what_its_votes_show(
    counts: tuple[int, int, int], sentence: str
) -> None:
    from harness.playground.preferences import Pair

    assert Pair(True, "a", "b", "k-a", "k-b", preference(*counts)).sentence == sentence


def test_one_vote_is_no_votes() -> None:
    from harness.playground.preferences import Pair

    sentence = Pair(True, "a", "b", "k-a", "k-b", preference(1, 0)).sentence
    assert sentence.startswith("preferred in 1 of 1 vote: 100% (95% interval ")
