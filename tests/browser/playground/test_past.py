"""Conversations of before: found, renamed, taken away as files, deleted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.playground.visitors import Visitor, answered, ask

pytestmark = pytest.mark.browser


def found(page: Page, words: str) -> list[str]:
    """Titles of the conversations that the history finds."""
    page.get_by_role("link", name="History", exact=True).click()
    page.get_by_label("Words in titles").fill(words)
    page.get_by_role("button", name="Search").click()
    expect(page.locator("[role=status]")).to_contain_text("all of these words")
    return page.locator(".rows h2").all_inner_texts()


def saved(page: Page, link: str, folder: Path) -> tuple[str, str]:
    """Name and text of the file that a link saves."""
    with page.expect_download() as download:
        page.get_by_role("link", name=link, exact=True).click()
    download.value.save_as(folder / link)
    return download.value.suggested_filename, (folder / link).read_text(encoding="utf-8")


def test_words_of_question_context_and_answer_are_found(visitor: Visitor) -> None:
    page = visitor.begun(arms=1)
    answered(ask(page, "Where is ÖSTERBOTTEN", "In the far kaleidoscope of the north."))
    title = ["Where is ÖSTERBOTTEN"]
    assert found(page, "österbotten") == title
    assert page.locator(".rows mark").all_inner_texts() == ["ÖSTERBOTTEN"]
    assert found(page, "kaleidoscope Österbotten") == title
    assert found(page, "heard: österbotten") == title  # the first of them only in the answer
    assert found(page, "österbotten kaleidoscopic") == []
    page.get_by_role("link", name="Show all").click()
    expect(page.locator(".rows h2", has_text=title[0])).to_be_visible()


def test_a_new_name_is_everywhere(visitor: Visitor) -> None:
    page = visitor.begun(arms=1)
    answered(ask(page, "about marsupials"))
    page.locator("#rename summary").click()
    page.get_by_label("Title").fill("Pouches")
    page.get_by_label("Title").press("Enter")
    expect(page.locator("h1")).to_have_text("Pouches")
    assert "Pouches" in page.title()
    assert found(page, "pouches marsupials") == ["Pouches"]
    page.locator(".rows summary", has_text="Rename").click()
    page.get_by_label("Title", exact=True).fill("Pockets")
    page.locator(".rows").get_by_role("button", name="Rename").click()
    expect(page.locator(".rows h2").first).to_have_text("Pockets")
    page.get_by_role("link", name="Playground").click()
    expect(page.get_by_role("link", name="Pockets")).to_be_visible()


def test_a_conversation_is_deleted_everywhere(visitor: Visitor) -> None:
    visitor.expected.append("status of 404")
    page = visitor.begun(arms=1)
    answered(ask(page, "about to vanish"))
    other = visitor.tab(page.url)
    assert found(page, "vanish") == ["about to vanish"]
    delete = page.locator(".rows").get_by_role("button", name="Delete it")
    expect(delete).to_be_hidden()
    page.locator(".rows summary", has_text="Delete").click()
    expect(page.locator(".rows")).to_contain_text("cannot be brought back")
    delete.click()
    expect(page.locator("h1")).to_have_text("History")
    assert found(page, "vanish") == []
    told = other.get_by_role("alert").filter(has_text="This conversation was deleted")
    expect(told).to_be_visible()
    expect(other.locator("#ask-send")).to_be_disabled()
    answer = other.goto(other.url)
    assert answer is not None
    assert answer.status == 404
    expect(other.locator("h1")).to_have_text("There is no such page")
    other.get_by_role("link", name="First page").click()
    expect(other.get_by_role("button", name="Begin")).to_be_visible()


def test_a_conversation_is_deleted_from_its_page(visitor: Visitor) -> None:
    page = visitor.begun()
    ask(page, "slowly " + "away " * 50)
    page.locator("#delete summary").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_role("button", name="Begin")).to_be_visible()
    expect(page.get_by_role("link", name="slowly away")).to_have_count(0)
    assert "heard: next" in answered(ask(visitor.begun(arms=1), "next")).inner_text()


def test_files_hold_what_was_said(visitor: Visitor, tmp_path: Path) -> None:
    page = visitor.begun()
    turn = ask(page, "„Was“ <b>ist</b> das?", "Zeile eins\nZeile zwei")
    answered(turn).nth(1).get_by_role("button", name="This one is better").click()
    expect(turn.locator(".badge")).to_have_text("✓ better")
    answered(ask(page, "unanswered"))
    page.locator("#export summary").click()
    name, text = saved(page, "JSON", tmp_path)
    assert name.endswith(".json")
    (conversation,) = json.loads(text)
    first = conversation["turns"][0]
    assert (first["question"], first["context"]) == (
        "„Was“ <b>ist</b> das?",
        "Zeile eins\nZeile zwei",
    )
    assert [one["text"] for one in first["answers"]] == [
        f"code-{one} heard: „Was“ <b>ist</b> das?" for one in ("one", "two")
    ]
    name, text = saved(page, "JSON Lines", tmp_path)
    assert name.endswith(".jsonl")
    lines = [json.loads(line) for line in text.splitlines()]
    assert "code-two heard: „Was“ <b>ist</b> das?" in json.dumps(lines[0], ensure_ascii=False)
    page.get_by_role("link", name="History", exact=True).click()
    every = json.loads(saved(page, "JSON", tmp_path)[1])
    assert conversation in every
    assert lines[0]["question"] in saved(page, "JSON Lines", tmp_path)[1]
    page.get_by_role("link", name="Votes").click()
    assert "code-two-beta" in saved(page, "CSV", tmp_path)[1]
    assert json.loads(saved(page, "JSON", tmp_path)[1])
