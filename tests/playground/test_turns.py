from __future__ import annotations

import pytest

from tests.playground.fakes import ARMS, ITEMS

pytestmark = pytest.mark.usefixtures("provided")


def begun(*, blind: bool = False, arms: int = 2):
    from harness.playground import turns

    return turns.begin(ARMS[:arms], blind=blind, decoding={})


def asked(conversation, question: str = "Where?", **more):
    from harness.playground import turns

    given = {"question": question, "context": "", "fields": {}, "item": None, **more}
    return turns.ask(conversation, **given)


def ended(turn, *statuses: str) -> None:
    for answer, status in zip(turn.answers.all(), statuses, strict=True):
        answer.status, answer.text = status, f"by {answer.arm_name}"
        answer.save()


def fresh(turn):
    return type(turn).objects.get(pk=turn.pk)


def test_a_question_waits_for_every_arm_and_names_its_conversation(provided) -> None:
    conversation = begun()
    provided.queue._woken.clear()
    turn = asked(conversation, "Where is the river Mola? " * 9, item=ITEMS[0])
    found = [(one.place, one.arm_key, one.status, one.run_id) for one in turn.answers.all()]
    assert found == [(i, arm.key, "waiting", arm.run_id) for i, arm in enumerate(ARMS[:2])]
    assert provided.queue._woken.is_set()
    conversation.refresh_from_db()
    assert conversation.title.startswith("Where is the river Mola?")
    assert len(conversation.title) <= 80
    assert (turn.item_id, turn.references) == ("t1", ["Mola", "in Mola"])
    asked(conversation, "second")
    assert conversation.title.startswith("Where")


def test_open_pages_learn_the_title_of_the_first_question(provided) -> None:
    conversation = begun()
    told = []
    for question in ("first?", "second?"):
        before = provided.live.position
        asked(conversation, question)
        told.append([one.event for one in provided.live.since(conversation.pk, before)])
    assert told == [["turn", "conversation"], ["turn"]]


@pytest.mark.parametrize("title", ["x" * 300, "日本" * 200])
def test_a_title_of_one_long_word_is_cut(title: str) -> None:
    conversation = begun()
    asked(conversation, title)
    assert conversation.title == title[:79] + "…"


def test_nothing_is_no_question() -> None:
    from harness.playground.turns import Refused

    with pytest.raises(Refused, match="question") as error:
        asked(begun(), "  \n")
    assert error.value.status == 400
    asked(begun(), "", fields={"meaning": "inform(x)"})


def test_a_full_queue_refuses_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.playground import turns

    monkeypatch.setattr(turns, "MOST_WAITING", 3)
    conversation = begun()
    asked(conversation)
    with pytest.raises(turns.Refused, match="2 answers are waiting") as error:
        asked(conversation)
    assert (error.value.status, conversation.turns.count()) == (429, 1)


def test_a_blind_conversation_shuffles_each_turn() -> None:
    conversation = begun(blind=True, arms=3)
    orders = {tuple(one.arm_key for one in asked(conversation).answers.all()) for _ in range(40)}
    assert len(orders) > 3  # of six; fewer in 40 draws once in 10^11
    straight = begun(arms=3)
    assert {asked(straight).answers.first().arm_key for _ in range(10)} == {ARMS[0].key}


def test_names_are_hidden_until_the_vote_which_is_final() -> None:
    from harness.playground import turns

    turn = asked(begun(blind=True))
    assert not turns.named(turn)
    assert not turns.votable(turn)
    ended(turn, "done", "answering")
    assert not turns.votable(fresh(turn))
    ended(turn, "done", "stopped")
    turn = fresh(turn)
    assert turns.votable(turn)
    assert not turns.named(turn)
    best = turn.answers.all()[1]
    turns.vote(turn, best)
    turn = fresh(turn)
    assert turns.named(turn)
    assert (turn.vote.preferred, turn.vote.blind) == (best, True)
    with pytest.raises(turns.Refused):
        turns.vote(turn, None)
    assert fresh(turn).vote.preferred == best


def test_an_open_vote_can_be_changed() -> None:
    from harness.playground import turns

    turn = asked(begun())
    assert turns.named(turn)
    ended(turn, "done", "done")
    turns.vote(fresh(turn), turn.answers.all()[0])
    turns.vote(fresh(turn), None)
    assert (fresh(turn).vote.preferred, fresh(turn).vote.blind) == (None, False)


def test_a_vote_is_for_an_answer_of_its_turn_that_said_something() -> None:
    from harness.playground import turns

    conversation = begun(arms=3)
    turn, other = asked(conversation), asked(conversation)
    ended(turn, "done", "failed", "done")
    ended(other, "done", "done", "done")
    for wrong in (turn.answers.all()[1], other.answers.all()[0]):
        with pytest.raises(turns.Refused):
            turns.vote(fresh(turn), wrong)
    assert not hasattr(fresh(turn), "vote")


def test_what_was_revealed_without_a_vote_is_not_blind_any_more() -> None:
    from harness.playground import turns

    turn = asked(begun(blind=True))
    ended(turn, "done", "failed")
    assert turns.named(fresh(turn))
    turns.again(fresh(turn).answers.all()[1])
    assert turns.named(fresh(turn))
    ended(turn, "done", "done")
    turns.vote(fresh(turn), None)
    assert not fresh(turn).vote.blind


def test_only_an_answer_without_an_end_is_asked_for_again() -> None:
    from harness.playground import turns

    turn = asked(begun(arms=3))
    ended(turn, "interrupted", "done", "done")
    broken, done = turn.answers.all()[0], turn.answers.all()[1]
    with pytest.raises(turns.Refused):
        turns.again(done)
    turns.again(broken)
    broken.refresh_from_db()
    assert (broken.status, broken.text) == ("waiting", "")
    ended(turn, "failed", "done", "done")
    turns.vote(fresh(turn), done)
    with pytest.raises(turns.Refused, match="vote"):
        turns.again(turn.answers.all()[0])


def test_what_waits_can_be_stopped_and_what_has_ended_stays() -> None:
    from harness.playground import turns

    turn = asked(begun())
    ended(turn, "waiting", "done")
    for answer in turn.answers.all():
        turns.stop(answer)
    assert [one.status for one in turn.answers.all()] == ["stopped", "done"]


def test_deleting_takes_all_of_it_and_nothing_else() -> None:
    from harness.playground import turns
    from harness.playground.models import Answer, Conversation

    kept, gone = begun(), begun()
    asked(kept)
    asked(gone)
    turns.delete(gone)
    assert list(Conversation.objects.all()) == [kept]
    assert Answer.objects.count() == 2
    with pytest.raises(turns.Refused, match="deleted"):
        asked(Conversation(pk=999, arms=[]))


def test_a_title_given_meanwhile_stays() -> None:
    from harness.playground import turns
    from harness.playground.models import Conversation

    stale = begun()
    turns.rename(Conversation.objects.get(pk=stale.pk), "Mine")
    asked(stale)
    stale.refresh_from_db()
    assert stale.title == "Mine"
