from __future__ import annotations

import re

import pytest

from tests.playground.fakes import ARMS, ITEMS


def at(turn, name: str = "") -> str:
    return f"/conversations/{turn.conversation_id}/{name}"


def test_turns_stand_in_order_below_one_title(client, make) -> None:
    from harness.playground import turns

    first = make(question="first?", context="the same text")
    turns.ask(first.conversation, question="second?", context="last one", fields={}, item=None)
    html = client.get(at(first)).content.decode()
    assert html.index("Question 1") < html.index('"auto">first?</p>') < html.index("Question 2")
    assert html.count("<h1") == 1
    assert re.search(r'<textarea name="context"[^>]*>\s*last one</textarea>', html)


def test_the_position_is_older_than_what_the_page_shows(
    client, make, provided, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.playground.views import conversation

    turn = make()
    before = provided.live.position
    original = conversation.shown

    def changing(*args, **options):
        provided.live.tell(turn.conversation_id, "turn", turn.pk, turn=turn.pk)
        return original(*args, **options)

    monkeypatch.setattr(conversation, "shown", changing)
    assert f'data-after="{before}"' in client.get(at(turn)).content.decode()


def test_a_chosen_item_fills_the_form(client, make) -> None:
    html = client.get(at(make()), {"item": "t2"}).content.decode()
    assert "Who founded Tarn?</textarea>" in html
    assert "Tarn was founded by Vesh.</textarea>" in html
    assert 'name="item" value="t2"' in html
    assert "Who founded Tarn" not in client.get(at(make()), {"item": "gone"}).content.decode()


def test_items_are_found_without_a_script(client, make) -> None:
    html = client.get(at(make()), {"q": "founded"}).content.decode()
    assert f"?item={ITEMS[1].id}#ask" in html
    assert f"?item={ITEMS[0].id}#ask" not in html


def test_it_is_renamed(client, make) -> None:
    turn = make()
    assert client.post(at(turn, "rename/"), {"title": " <b>New</b>\n one"}).status_code == 302
    html = client.get(at(turn)).content.decode()
    assert "&lt;b&gt;New&lt;/b&gt; one</h1>" in html
    bad = client.post(at(turn, "rename/"), {"title": "x\0"})
    assert bad.status_code == 400
    assert "NUL" in bad.content.decode()
    there = client.post(at(turn, "rename/"), {"title": "x", "next": "history"})
    assert there.headers["Location"] == "/history/"


def test_settings_are_for_the_next_questions(client, make) -> None:
    turn = make()
    client.post(at(turn, "settings/"), {"method": "sampling", "temperature": "0.5"})
    turn.conversation.refresh_from_db()
    assert turn.conversation.decoding == {"method": "sampling", "temperature": 0.5}
    html = client.get(at(turn)).content.decode()
    assert "sampling, temperature 0.5" in html
    bad = client.post(at(turn, "settings/"), {"temperature": "0.9"})
    assert bad.status_code == 400
    assert "with sampling only" in bad.content.decode()
    assert '<details id="settings" open>' in bad.content.decode()


def test_it_is_deleted(client, make) -> None:
    turn = make()
    assert client.get(at(turn, "delete/")).status_code == 405  # a link deletes nothing
    assert client.post(at(turn, "delete/")).headers["Location"] == "/"
    assert client.get(at(turn)).status_code == 404


def test_an_arm_that_is_gone_is_said(client, make, provided, monkeypatch) -> None:
    turn = make()
    monkeypatch.setattr(provided.catalogue, "arms", lambda: {ARMS[0].key: ARMS[0]})
    html = client.get(at(turn)).content.decode()
    assert html.count("not there any more") == 1


def test_only_what_arms_read_is_asked_for(client, make) -> None:
    html = client.get(at(make(("one",), ("done",)))).content.decode()  # it reads no context
    assert 'name="question"' in html
    assert 'name="context"' not in html
