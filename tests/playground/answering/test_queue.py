"""The queue with a worker process that loads no model, see `tests.playground.stub`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.playground.fakes import ARMS, ITEMS

PATIENCE = 20.0


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.02)


def asked(question: str, arms: int = 2, conversation=None):
    from harness.playground import turns

    conversation = conversation or turns.begin(ARMS[:arms], blind=False, decoding={"seed": 7})
    return turns.ask(conversation, question=question, context="c", fields={}, item=None)


def statuses(turn) -> list[str]:
    return [answer.status for answer in turn.answers.all()]


def settled(turn) -> None:
    until(lambda: not {"waiting", "answering"} & {*statuses(turn)})


def test_questions_are_answered_in_their_order(provided) -> None:
    first, second = asked("one two"), asked("three")
    provided.queue.start()
    settled(second)
    assert statuses(first) == statuses(second) == ["done", "done"]
    texts = [answer.text for answer in first.answers.all()]
    assert texts == ["11111111 heard: one two", "22222222 heard: one two"]
    answer = first.answers.first()
    asked_with = {"seed": 7, "item": f"turn {first.pk}"}  # so that another turn draws otherwise
    assert (answer.new_tokens, answer.settings) == (4, asked_with)
    assert answer.seconds >= 0
    assert answer.notes == ["this arm does not read the context"]


def test_a_test_item_is_asked_under_its_own_name_and_what_is_answered_is_found(provided) -> None:
    from harness.playground import history, turns

    conversation = turns.begin(ARMS[:1], blind=False, decoding={})
    item = ITEMS[0]
    turn = turns.ask(
        conversation, question=item.question, context=item.context, fields={}, item=item
    )
    assert not history.find("heard").exists()
    provided.queue.start()
    settled(turn)
    assert turn.answers.get().settings["item"] == item.id
    until(lambda: history.find("heard where").exists())


def test_open_pages_see_an_answer_grow_and_end(provided) -> None:
    turn = asked("slowly one two three four")
    conversation, position = turn.conversation_id, provided.live.position
    seen = []
    provided.queue.start()
    while "turn" not in seen[-1:] or len(seen) < 8:
        for change in provided.live.since(conversation, position):
            position = provided.live.at(change)
            seen.append(change.event)
        time.sleep(0.01)
    assert seen[:2] == ["turn", "loading"]
    assert seen.count("text") > 3
    settled(turn)


@pytest.mark.parametrize("blind", [True, False])
def test_what_is_loaded_is_named_only_where_arms_are(provided, blind: bool) -> None:
    from harness.playground import turns

    conversation = turns.begin(ARMS[:2], blind=blind, decoding={})
    position = provided.live.position
    asked("slowly a b c", conversation=conversation)
    provided.queue.start()
    told, seen = set(), set()
    while "text" not in seen:
        for change in provided.live.since(conversation.pk, position):
            seen.add(change.event)
            told.add(change.data.get("what", ""))
    assert (told != {""}) != blind


def test_a_person_ends_an_answer_in_the_making(provided) -> None:
    from harness.playground import turns

    turn = asked("slowly " + "word " * 200, arms=1)
    position = provided.live.position
    provided.queue.start()
    until(lambda: "text" in {c.event for c in provided.live.since(turn.conversation_id, position)})
    time.sleep(0.3)
    answer = turn.answers.get()
    turns.stop(answer)
    answer.refresh_from_db()
    assert answer.status == "stopped"
    assert answer.text.startswith("11111111 heard: slowly")
    later = asked("next")
    settled(later)  # the worker is free again, long before 200 words are said
    answer.refresh_from_db()
    assert (answer.status, answer.seconds > 0) == ("stopped", True)


def test_what_fails_says_why_and_the_next_is_answered(provided) -> None:
    bad, good = asked("please fail now", arms=1), asked("good", arms=1)
    provided.queue.start()
    settled(good)
    assert (statuses(bad), statuses(good)) == (["failed"], ["done"])
    assert bad.answers.get().error == "the model is <b>broken</b>"


def test_a_killed_worker_is_replaced(provided) -> None:
    bad, good = asked("please die now", arms=1), asked("good", arms=1)
    provided.queue.start()
    settled(good)
    assert (statuses(bad), statuses(good)) == (["failed"], ["done"])
    assert "signal 9" in bad.answers.get().error
    assert "--memory-limit" in bad.answers.get().error


def test_an_arm_that_is_gone_is_said_to_be(provided, monkeypatch: pytest.MonkeyPatch) -> None:
    turn = asked("x", arms=1)
    monkeypatch.setattr(provided.catalogue, "run_of", lambda key: None)
    provided.queue.start()
    settled(turn)
    assert "was not named" in turn.answers.get().error


def test_the_end_marks_what_was_in_the_making_and_keeps_what_waits(provided) -> None:
    from harness.playground.answering.queue import Queue

    turn = asked("slowly " + "word " * 200)
    provided.queue.start()
    until(lambda: bool(turn.answers.first().text))
    provided.queue.close()
    cut, waits = turn.answers.all()
    assert (cut.status, waits.status) == ("interrupted", "waiting")
    assert cut.text.startswith("11111111 heard: slowly word")
    assert cut.new_tokens >= 3
    turn.answers.update(status="answering")  # as after a kill
    again = Queue(provided.queue._work, provided.queue._setup, provided.catalogue, provided.live)
    again.start()
    again.close()
    assert statuses(turn) == ["interrupted", "interrupted"]


def test_another_playgrounds_answers_are_left_alone(provided) -> None:
    from harness.playground.answering.queue import Queue

    turn = asked("mine", arms=3)
    theirs = Queue(provided.queue._work, provided.queue._setup, provided.catalogue, provided.live)
    theirs.owner = "another"
    first, second, _ = turn.answers.all()
    turn.answers.filter(pk=first.pk).update(status="answering")
    theirs.start()
    time.sleep(1.2)
    theirs.close()
    assert statuses(turn) == ["answering", "waiting", "waiting"]
    turn.answers.filter(pk=second.pk).update(owner="another")
    provided.queue.start()
    until(lambda: statuses(turn) == ["interrupted", "waiting", "done"])


def test_a_deleted_conversation_frees_the_worker(provided) -> None:
    from harness.playground import turns
    from harness.playground.models import Answer

    turn = asked("slowly " + "word " * 200)
    provided.queue.start()
    until(lambda: turn.answers.first().status == "answering")
    turns.delete(turn.conversation)
    later = asked("next")
    settled(later)
    assert Answer.objects.count() == 2


def test_a_database_out_of_reach_loses_nothing(provided, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    from harness.playground.answering import queue

    failures = {"_claimed": 2, "_keep": 2, "_index": 1}

    def fragile(name: str) -> Callable[..., object]:
        real = getattr(queue, name)

        def function(*values: object) -> object:
            failures[name] -= 1
            if failures[name] >= 0:
                raise OperationalError("disk I/O error")
            return real(*values)

        return function

    for name in failures:
        monkeypatch.setattr(queue, name, fragile(name))
    monkeypatch.setattr(queue, "_LATER", 0.01)
    turn = asked("one two", arms=1)
    provided.queue.start()
    settled(turn)
    assert turn.answers.get().text == "11111111 heard: one two"


def test_a_defect_costs_one_answer_and_not_the_queue(
    provided, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from harness.playground.answering import queue

    real, broken = queue._job, [ValueError("broken")]

    def job(*values: object) -> object:
        if broken:
            raise broken.pop()
        return real(*values)

    monkeypatch.setattr(queue, "_job", job)
    bad, good = asked("x", arms=1), asked("good", arms=1)
    position = provided.live.position
    provided.queue.start()
    settled(good)
    assert (statuses(bad), statuses(good)) == (["failed"], ["done"])
    assert "(ValueError)" in bad.answers.get().error
    told = provided.live.since(bad.conversation_id, position)
    assert {"turn": bad.pk} in [change.data for change in told]
    assert "ValueError: broken" in capfd.readouterr().err


def tidy(connection, setup) -> None:
    """A worker that clears up once the pipe is closed, which takes a while."""
    try:
        while True:
            connection.recv()
    except EOFError:
        time.sleep(0.3)
        Path(setup.tracking_uri).write_text("tidy")


def test_the_worker_clears_up_before_it_is_ended(provided, tmp_path: Path) -> None:
    from harness.playground.answering.messages import Setup
    from harness.playground.answering.queue import Queue

    queue = Queue(tidy, Setup(str(tmp_path / "said"), None), provided.catalogue, provided.live)
    queue.start()
    until(lambda: queue._process is not None)
    time.sleep(1)
    queue.close()
    assert (tmp_path / "said").read_text() == "tidy"
