from __future__ import annotations

import pytest

from tests.playground.fakes import ARMS

pytestmark = pytest.mark.usefixtures("provided")


def said(question: str, context: str = "", answer: str = "", **fields: str):
    from harness.playground import history, turns

    conversation = turns.begin(ARMS[:2], blind=False, decoding={})
    turn = turns.ask(conversation, question=question, context=context, fields=fields, item=None)
    turn.answers.update(text=answer)
    history.index(conversation.pk)
    conversation.refresh_from_db()
    return conversation


def test_every_word_has_to_occur_somewhere() -> None:
    from harness.playground.history import find

    one = said("Where does Ana live?", "Ana lives in Mola.", "Tarn")
    two = said("Where is Tarn?", meaning="inform(Vesh)")
    assert list(find("")) == [two, one]
    assert list(find("tarn where")) == [two, one]
    assert list(find("TARN mola")) == [one]
    assert list(find("vesh")) == [two]
    assert list(find("nowhere")) == []


@pytest.mark.parametrize("words", ["ÄRGER", "ärger", "straSSe", "ΣΊΣΥΦΟΣ"])
def test_case_is_alike_in_every_alphabet(words: str) -> None:
    from harness.playground.history import find

    assert find(words).count() == 0
    said("Ärger in der Straße mit Σίσυφος")
    assert find(words).count() == 1


@pytest.mark.parametrize("words", ["%", "_", "\\", "100%_\\"])
def test_signs_of_the_databases_own_are_plain_text(words: str) -> None:
    from harness.playground.history import find

    said("nothing special")
    assert find(words).count() == 0
    said("exactly 100%_\\ of it")
    assert find(words).count() == 1


def test_a_new_title_is_found_and_the_old_one_is_not() -> None:
    from harness.playground import turns
    from harness.playground.history import find

    conversation = said("question")
    turns.rename(conversation, "  Rivers ")
    conversation.refresh_from_db()
    assert conversation.title == "Rivers"
    assert list(find("rivers")) == [conversation]
    turns.rename(conversation, "Towns")
    assert list(find("rivers")) == []


def test_an_excerpt_marks_the_words() -> None:
    from harness.playground.history import Piece, excerpt

    conversation = said("x", context="a" * 500 + " Mola by the tarn " + "b" * 500)
    pieces = excerpt(conversation, "mola TARN")
    assert [piece for piece in pieces if piece.is_match] == [
        Piece("Mola", True),
        Piece("tarn", True),
    ]
    text = "".join(piece.text for piece in pieces)
    assert text.startswith("…aaa")
    assert text.endswith("b…")
    assert len(text) < 200
    assert excerpt(conversation, "nowhere") == []
    assert excerpt(conversation, "( [a ?") == []
    assert excerpt(conversation, "") == []


def test_a_long_conversation_is_indexed_as_quickly_as_a_short_one() -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from harness.playground import history, turns

    one = said("first")
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            history.index(one.pk)
        counts.append(len(queries))
        turns.ask(one, question="next", context="", fields={}, item=None)
    assert counts[0] == counts[1]
