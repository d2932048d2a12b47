from __future__ import annotations

import pytest

from tests.playground.fakes import ARMS


def test_arms_are_offered_and_the_preselected_ones_are_chosen(client) -> None:
    html = client.get("/").content.decode()
    for arm in ARMS:
        chosen = " checked" if arm is ARMS[0] else ""
        assert f'value="{arm.key}"{chosen}>' in html
        assert arm.label in html
    assert html.count("<h1") == 1
    assert html.count("<fieldset") == 1


def test_what_all_arms_of_an_ablation_share_is_said_once_and_scores_with_each(client) -> None:
    html = client.get("/").content.decode()
    assert html.count("Base model embedded:tiny_t5") == 1
    assert html.count("F1 57.1") == len(ARMS)
    assert html.count("F1: how far") == 1


def test_a_conversation_begins(client) -> None:
    from harness.playground.models import Conversation

    keys = [ARMS[1].key, ARMS[0].key]
    answer = client.post("/", {"arms": keys, "blind": "on", "method": "greedy"})
    (made,) = Conversation.objects.all()
    assert answer.headers["Location"] == f"/conversations/{made.pk}/"
    assert ([one["key"] for one in made.arms], made.blind) == (keys, True)
    assert made.decoding == {"method": "greedy"}


def test_a_mistake_is_shown_and_nothing_typed_is_lost(client) -> None:
    from harness.playground.models import Conversation

    answer = client.post("/", {"arms": [ARMS[2].key], "temperature": "0.5"})
    html = answer.content.decode()
    assert answer.status_code == 400
    assert "with sampling only" in html
    assert f'value="{ARMS[2].key}" checked' in html
    assert 'value="0.5"' in html
    assert not Conversation.objects.exists()


def test_without_arms_it_says_how_to_get_some(
    client, provided, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provided.catalogue, "arms", dict)
    html = client.get("/").content.decode()
    assert "harness ablation experiments/quickstart.yaml" in html
    assert "harness playground FOLDER" in html
    assert "<button" not in html


def test_recent_conversations_lead_back(client, make) -> None:
    turns = [make(question=f"number {n}?") for n in range(11)]
    html = client.get("/").content.decode()
    found = [f"/conversations/{turn.conversation_id}/" in html for turn in turns]
    assert found == [False] + [True] * 10
