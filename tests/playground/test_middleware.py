from __future__ import annotations

import re

import pytest

from tests.playground.fakes import FakeCatalogue

PAGES = ("/", "/history/", "/votes/")


@pytest.fixture
def client(provided: object):
    from django.test import Client

    return Client(enforce_csrf_checks=True, headers={"host": "127.0.0.1", "accept": "text/html"})


@pytest.fixture
def guarded(client, provided):
    from harness.playground.services import provide

    provide(provided._replace(password="a long password"))
    return client


def login(client, password: str):
    page = client.get("/login/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page).group(1)
    return client.post("/login/", {"password": password, "csrfmiddlewaretoken": token})


@pytest.mark.parametrize("page", [*PAGES, "/nowhere/", "/static/playground.css"])
def test_every_page_allows_nothing_but_its_own_files(client, page: str) -> None:
    response = client.get(page)
    policy = response["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"


def test_another_host_name_is_not_answered(client) -> None:
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


def test_a_form_of_another_site_is_refused(client) -> None:
    assert client.post("/", {"arms": FakeCatalogue.preselected}).status_code == 403


def test_a_store_that_fails_is_told_in_words(
    client, provided, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.errors import TrackingError

    def fail() -> None:
        raise TrackingError("the tracking store failed", where="here")

    monkeypatch.setattr(provided.catalogue, "arms", fail)
    response = client.get("/")
    assert response.status_code == 503
    assert "the tracking store failed" in response.content.decode()
    monkeypatch.setattr(provided.catalogue, "arms", lambda: 1 / 0)
    client.raise_request_exception = False
    assert client.get("/").status_code == 500


def test_a_script_that_floods_is_held_back(client, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.playground import middleware

    monkeypatch.setattr(middleware, "PER_SECOND", 3)
    assert 429 in [client.get("/votes/").status_code for _ in range(9)]


def test_nothing_is_shown_without_the_password(guarded) -> None:
    for page in PAGES:
        response = guarded.get(page)
        assert (response.status_code, response["Location"]) == (302, "/login/")
    assert guarded.get("/export/json/", headers={"accept": "*/*"}).status_code == 403
    assert guarded.get("/static/playground.css").status_code == 200


def test_the_password_lets_in_until_it_changes(guarded, provided) -> None:
    from harness.playground.services import provide

    assert login(guarded, "a wrong password").status_code == 403
    assert guarded.get("/").status_code == 302
    assert login(guarded, "a long password")["Location"] == "/"
    assert guarded.get("/").status_code == 200
    assert b"a long password" not in str(guarded.cookies).encode()
    provide(provided._replace(password="another password"))
    assert guarded.get("/").status_code == 302


def test_guessing_is_slow(guarded) -> None:
    from harness.playground.middleware import TRIES_PER_MINUTE

    for _ in range(TRIES_PER_MINUTE):
        assert login(guarded, "a wrong password").status_code == 403
    assert login(guarded, "a long password").status_code == 429


def test_without_a_password_there_is_no_login(client) -> None:
    assert client.get("/login/")["Location"] == "/"


def test_guessing_from_many_addresses_is_slow(guarded) -> None:
    from harness.playground.middleware import ALL_TRIES_PER_MINUTE

    for number in range(ALL_TRIES_PER_MINUTE):
        guarded.defaults["REMOTE_ADDR"] = f"10.0.0.{number}"
        assert login(guarded, "a wrong password").status_code == 403
        for other in range(20):  # what is counted is not pushed out by others' requests
            guarded.get("/login/", REMOTE_ADDR=f"10.1.{number}.{other}")
    guarded.defaults["REMOTE_ADDR"] = "10.0.1.1"
    assert login(guarded, "a long password").status_code == 429


def test_what_is_deleted_meanwhile_is_not_there(
    client, provided, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.playground.models import Conversation

    def gone() -> None:
        raise Conversation.DoesNotExist

    monkeypatch.setattr(provided.catalogue, "arms", gone)
    assert client.get("/").status_code == 404
