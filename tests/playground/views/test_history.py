from __future__ import annotations

from tests.playground.fakes import ARMS


def test_words_are_found_and_marked(client, make) -> None:
    make(question="Where is <b>Mola</b>?", context="by the river Tarn")
    make(question="Where is Vesh?")
    html = client.get("/history/", {"q": "mola TARN"}).content.decode()
    assert "1 conversation with all of these words" in html
    assert "<mark>Mola</mark>" in html
    assert "&lt;b&gt;" in html
    assert "Vesh" not in html
    assert ARMS[0].name in html


def test_pages_hold_thirty_and_keep_the_words(client, make) -> None:
    turns = [make(("one",), ("done",), question=f"river {n} & more") for n in range(31)]
    first = client.get("/history/", {"q": "river &"}).content.decode()
    assert "31 conversations" in first
    assert '"?q=river%20%26&amp;page=2"' in first
    second = client.get("/history/", {"q": "river &", "page": "2"}).content.decode()
    oldest = f'href="/conversations/{turns[0].conversation_id}/"'
    assert (oldest in first, oldest in second) == (False, True)
    assert client.get("/history/", {"page": "many"}).status_code == 200


def test_it_counts_questions(client, make) -> None:
    from harness.playground import turns

    first = make()
    turns.ask(first.conversation, question="b", context="", fields={}, item=None)
    assert "2 questions" in client.get("/history/").content.decode()


def test_nothing_found_and_nothing_there(client, make) -> None:
    assert "There is no conversation yet" in client.get("/history/").content.decode()
    make()
    assert "No conversation has all" in client.get("/history/?q=nowhere").content.decode()
    assert client.get("/history/", {"q": "a\0"}).status_code == 400
