from __future__ import annotations

import pytest

SCRIPT = {"X-Requested-With": "fetch"}


def test_what_is_not_there_has_a_page_that_leads_on(client) -> None:
    answer = client.get("/conversations/99999/")
    html = answer.content.decode()
    assert answer.status_code == 404
    assert "<h1>There is no such page</h1>" in html
    assert 'href="/history/"' in html


def test_a_script_is_told_in_a_sentence(client) -> None:
    answer = client.get("/turns/99999/", headers=SCRIPT)
    assert answer.status_code == 404
    assert answer.json()["errors"][0].startswith("There is no such page. ")


def test_a_mistake_of_our_own_has_a_page_too(provided, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.test import Client

    monkeypatch.delattr(provided.catalogue.__class__, "preselected")
    answer = Client(raise_request_exception=False, SERVER_NAME="localhost").get("/")
    assert answer.status_code == 500
    assert "The playground made a mistake" in answer.content.decode()


@pytest.mark.parametrize(("status", "title"), [(413, "too long"), (429, "Too much"), (418, "not")])
def test_every_status_is_said(client, status: int, title: str) -> None:
    from django.test import RequestFactory

    from harness.playground.views.errors import problem

    answer = problem(RequestFactory(SERVER_NAME="localhost").get("/"), status, "Because <b>.")
    assert answer.status_code == status
    assert title in answer.content.decode()
    assert "Because &lt;b&gt;." in answer.content.decode()
