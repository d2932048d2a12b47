from __future__ import annotations

import pytest

from tests.playground.fakes import ARMS, ITEMS

SCRIPT = {"X-Requested-With": "fetch"}


def ask(client, turn, headers: dict[str, str] | None = None, **typed: str):
    place = f"/conversations/{turn.conversation_id}/ask/"
    return client.post(place, typed, headers=headers or {})


def newest():
    from harness.playground.models import Turn

    return Turn.objects.latest("id")


def test_a_question_leads_to_its_answers(client, make) -> None:
    answer = ask(client, make(), question="And where?", context="a\r\nb")
    turn = newest()
    assert answer.headers["Location"] == f"/conversations/{turn.conversation_id}/#turn-{turn.pk}"
    assert (turn.question, turn.context, turn.answers.count()) == ("And where?", "a\nb", 2)


def test_a_script_gets_the_new_turn_alone(client, make) -> None:
    answer = ask(client, make(), SCRIPT, question="And where?")
    html = answer.content.decode()
    assert answer.status_code == 200
    assert html.startswith(f'<article class="turn" id="turn-{newest().pk}"')
    assert "Question 2" in html


@pytest.mark.parametrize(
    ("question", "context", "item"),
    [
        ("Where does Ana live?", "Ana lives in Mola.", "t1"),
        ("Where does Ana live?\r\n", "Ana lives in Mola.", "t1"),
        ("Where does Ana live now?", "Ana lives in Mola.", ""),
        ("Where does Ana live?", "Ana lives in Tarn.", ""),
    ],
)
def test_an_item_is_asked_as_such_while_it_is_its_text(
    client, make, question: str, context: str, item: str
) -> None:
    ask(client, make(), question=question, context=context, item="t1")
    turn = newest()
    assert turn.item_id == item
    assert turn.references == (list(ITEMS[0].references) if item else [])
    assert turn.question == (ITEMS[0].question if item else question)


def test_a_mistake_is_said_and_what_was_typed_stays(client, make) -> None:
    turn = make()
    answer = ask(client, turn, question="x" * 20_001, context="kept")
    assert answer.status_code == 400
    assert "at most 20,000" in answer.content.decode()
    assert "kept</textarea>" in answer.content.decode()
    told = ask(client, turn, SCRIPT, question=" ")
    assert (told.status_code, told.json()) == (400, {"errors": ["Type a question first."]})
    assert newest() == turn


def test_a_refusal_is_said(client, make, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.playground import turns

    monkeypatch.setattr(turns, "MOST_WAITING", 1)
    turn = make(("one",), ("done",))
    ask(client, turn, question="more")
    answer = ask(client, turn, question="even more")
    assert answer.status_code == 429
    assert "are waiting already" in answer.content.decode()
    assert "even more</textarea>" in answer.content.decode()
    told = ask(client, turn, SCRIPT, question="even more")
    assert told.status_code == 429
    assert "are waiting already" in told.json()["errors"][0]


def test_an_answer_is_stopped_and_asked_for_again(client, make) -> None:
    turn = make(("one", "two"), ("done", "waiting"))
    done, waiting = turn.answers.all()
    html = client.post(f"/answers/{waiting.pk}/stop/", headers=SCRIPT).content.decode()
    assert html.startswith("<article")
    waiting.refresh_from_db()
    assert waiting.status == "stopped"
    answer = client.post(f"/answers/{waiting.pk}/again/")
    assert answer.headers["Location"].endswith(f"#turn-{turn.pk}")
    waiting.refresh_from_db()
    assert waiting.status == "waiting"
    refused = client.post(f"/answers/{done.pk}/again/")
    assert refused.status_code == 409
    assert "can be asked for again" in refused.content.decode()


def test_nothing_changes_by_a_link_or_without_the_pages_own_form(make) -> None:
    from django.test import Client

    turn = make(("one", "two"), ("done", "waiting"))
    answer = turn.answers.all()[1]
    strict = Client(enforce_csrf_checks=True, SERVER_NAME="localhost")
    places = [
        f"/conversations/{turn.conversation_id}/{name}/"
        for name in ("ask", "rename", "delete", "settings")
    ]
    places += [f"/turns/{turn.pk}/vote/"]
    places += [f"/answers/{answer.pk}/stop/", f"/answers/{answer.pk}/again/"]
    for place in places:
        assert strict.get(place).status_code == 405
        refused = strict.post(place, {"arms": ARMS[0].key})
        assert refused.status_code == 403
        assert "This page was too old" in refused.content.decode()
