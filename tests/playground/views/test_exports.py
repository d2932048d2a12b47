from __future__ import annotations

import json

import pytest

from tests.playground.fakes import ITEMS


def test_a_conversation_is_taken_away(client, make) -> None:
    turn = make(question="Who built Mola?", item=ITEMS[0])
    make(question="another")
    place = f"/conversations/{turn.conversation_id}/export"
    answer = client.get(f"{place}/json/")
    name = 'attachment; filename="playground-who-built-mola.json"'
    assert answer.headers["Content-Disposition"] == name
    (one,) = json.loads(answer.content)
    assert one["turns"][0]["question"] == "Who built Mola?"
    rows = client.get(f"{place}/jsonl/").content.decode().splitlines()
    assert [json.loads(row)["answers"] for row in rows] == [["Mola", "in Mola"]]


def test_all_are_taken_away(client, make) -> None:
    turns = [make(), make()]
    assert len(json.loads(client.get("/export/json/").content)) == 2
    assert client.get("/export/jsonl/").content == b""  # no answer of theirs is known as right
    client.post(f"/turns/{turns[0].pk}/vote/", {"preferred": turns[0].answers.all()[0].pk})
    assert client.get("/export/jsonl/").content.count(b"\n") == 1
    assert client.get("/votes/export/csv/").content.count(b"\r\n") == 2
    assert len(json.loads(client.get("/votes/export/json/").content)) == 1


@pytest.mark.parametrize("place", ["/export/csv/", "/votes/export/jsonl/", "/export/x/"])
def test_other_forms_are_not_there(client, place: str) -> None:
    assert client.get(place).status_code == 404
