"""A browser without scripts, and conversations in all states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.playground.fakes import ARMS


@pytest.fixture
def client(provided: object):
    from django.test import Client

    return Client(SERVER_NAME="localhost")


@pytest.fixture
def make(provided: object):
    """Makes a turn whose answers have these texts and states."""

    def made(
        texts: Sequence[str] = ("one", "two"),
        statuses: Sequence[str] = ("done", "done"),
        *,
        blind: bool = False,
        question: str = "Where?",
        **more: Any,
    ):
        from harness.playground import turns

        conversation = turns.begin(ARMS[: len(texts)], blind=blind, decoding={})
        given = {"question": question, "context": "", "fields": {}, "item": None, **more}
        turn = turns.ask(conversation, **given)
        for answer, text, status in zip(turn.answers.all(), texts, statuses, strict=True):
            answer.text, answer.status = text, status
            answer.new_tokens, answer.seconds = 4321, 98.7
            answer.settings, answer.notes = {"prompt": "the template"}, ["a note on it"]
            answer.error = "tiny_t5 does not fit" if status == "failed" else ""
            answer.save()
        return type(turn).objects.get(pk=turn.pk)

    return made
