from __future__ import annotations

import pytest

from tests.playground.fakes import ITEMS


@pytest.fixture
def place(make) -> str:
    return f"/conversations/{make().conversation_id}/items/"


def test_found_items_are_links_that_work_without_a_script(client, place: str) -> None:
    html = client.get(place, {"q": "founded"}).content.decode()
    assert html.count("<li>") == 1
    assert f"{place.removesuffix('items/')}?item=t2#ask" in html
    assert "<html" not in html


def test_without_words_there_are_some_and_nothing_found_is_said(client, place: str) -> None:
    assert client.get(place).content.count(b"<li>") == len(ITEMS)
    assert "No test item" in client.get(place, {"q": "nowhere"}).content.decode()


def test_the_filled_form_says_who_does_not_read_the_context(client, make) -> None:
    place = f"/conversations/{make().conversation_id}/"
    note = "not read by quick / question / full / seed 0"
    assert note in client.get(place).content.decode()
    assert note in client.get(f"{place}items/", {"item": "t1"}).content.decode()


def test_an_item_is_the_filled_form(client, place: str) -> None:
    html = client.get(place, {"item": "t1"}).content.decode()
    assert "Ana lives in Mola.</textarea>" in html
    assert 'name="item" value="t1"' in html
    assert client.get(place, {"item": "gone"}).status_code == 404
