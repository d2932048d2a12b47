"""Conversations in a database that is not SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.playground.served import models, served
from tests.playground.test_serving import begun, posted, settled, visitor
from tests.search.postgres import ABSENT, binaries, running


@pytest.mark.skipif(binaries() is None, reason=ABSENT)
def test_conversations_are_kept_in_postgresql(tmp_path: Path) -> None:
    arms = models(tmp_path, "alpha", "beta")
    with running(tmp_path) as url:
        place = ["--database", url.replace("+psycopg", "")]
        with served(tmp_path, *arms, *place) as one, visitor(one) as client:
            conversation = begun(client)
            posted(
                client, f"{conversation}ask/", question="Where is Straße? 🙂", context="c" * 20_000
            )
            assert [a["status"] for a in settled(client)] == ["done", "done"]
            refused = posted(client, f"{conversation}ask/", question="a\0b")
            assert refused.status_code == 400
            ended = "Ctrl-C ends it\nended; the conversations are kept in the database\n"
            assert one.interrupt() == (0, ended)
        with served(tmp_path, *arms, *place) as one, visitor(one) as client:
            assert "Straße? 🙂" in client.get("/history/?q=STRASSE").text
            assert "Straße" not in client.get("/history/?q=nowhere").text
    assert not (tmp_path / "playground/conversations.sqlite3").exists()
