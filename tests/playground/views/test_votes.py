from __future__ import annotations

import pytest

from tests.playground.fakes import ARMS

SCRIPT = {"X-Requested-With": "fetch"}


def vote(client, turn, preferred: object, **headers: str):
    place = f"/turns/{turn.pk}/vote/"
    data = {} if preferred is None else {"preferred": preferred}
    return client.post(place, data, headers=headers)


def test_a_vote_is_kept_and_may_be_changed_where_arms_are_named(client, make) -> None:
    from harness.playground.models import Vote

    turn = make()
    first, second = turn.answers.all()
    assert vote(client, turn, first.pk).headers["Location"].endswith(f"#turn-{turn.pk}")
    html = vote(client, turn, second.pk, **SCRIPT).content.decode()
    assert Vote.objects.get().preferred == second
    assert html.count("✓ better") == 1
    assert f'value="{first.pk}"' in html
    assert f'value="{second.pk}"' not in html
    assert "No difference</p>" in vote(client, turn, "", **SCRIPT).content.decode()
    assert Vote.objects.get().preferred is None


@pytest.mark.parametrize("typed", [None, "x", "-1", "1.5", "²"])
def test_a_vote_for_nothing_is_refused(client, make, typed: str | None) -> None:
    from harness.playground.models import Vote

    answer = vote(client, make(), typed, **SCRIPT)
    assert answer.status_code == 400
    assert "was not said" in answer.json()["errors"][0]
    assert not Vote.objects.exists()


def test_another_turns_answer_cannot_be_preferred(client, make) -> None:
    assert vote(client, make(), make().answers.all()[0].pk).status_code == 404
    assert vote(client, make(), 10**30).status_code == 404


def test_a_blind_vote_is_final(client, make) -> None:
    turn = make(blind=True)
    first, second = turn.answers.all()
    vote(client, turn, first.pk)
    assert vote(client, turn, second.pk).status_code == 409


def test_votes_are_summed_up_for_each_two_arms(client, make) -> None:
    for _ in range(5):
        turn = make()
        vote(client, turn, turn.answers.all()[0].pk)
    turn = make(blind=True)
    vote(client, turn, "")
    html = client.get("/votes/").content.decode()
    assert html.count(ARMS[0].name) == 2
    assert html.index("Arms unnamed until the vote") < html.index("Arms named")
    assert "preferred in 5 of 5 votes: 100%" in html  # exact: 0.025 ** (1 / 5) = 47.8%
    assert "48–100%" in html
    assert "independent" in html


def test_without_votes_it_says_how_to_vote(client) -> None:
    html = client.get("/votes/").content.decode()
    assert "This one is better" in html
    assert "export" not in html


@pytest.mark.parametrize("preferred", ["9" * 5000, "\u00b2", "1 ", "1\n"])
def test_what_is_no_answer_cannot_be_preferred(client, make, preferred: str) -> None:
    assert vote(client, make(), preferred).status_code == 400
