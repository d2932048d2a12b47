"""Test items of an ablation, chosen in the page and asked as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.playground.visitors import Visitor, answered, visiting
from tests.playground.served import Served, served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def of_runs(tiny_ablation: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A playground with two runs of an ablation chosen at first."""
    store = f"sqlite:///{tiny_ablation / 'mlflow.db'}"
    runs = ("tiny/t5/lora/3", "tiny/t5/qlora/3")
    folder = tmp_path_factory.mktemp("runs")
    with served(folder, *runs, "--tracking-uri", store) as one:
        yield one


def begun(visitor: Visitor) -> Page:
    page = visitor.tab()
    expect(page.locator("input[name=arms]:checked")).to_have_count(2)
    page.get_by_role("button", name="Begin").click()
    page.wait_for_load_state()
    return page


def chosen(page: Page) -> str:
    """The question of the first item on offer, which was clicked."""
    page.locator("#items summary").click()
    first = page.locator("#items-found [data-item]").first
    question = first.locator(".name").inner_text()
    first.click()
    expect(page.locator("#ask-question")).to_have_value(question)
    return question


def test_an_item_is_asked_with_its_context_and_shown_with_its_references(
    browser: Browser, of_runs: Served
) -> None:
    with visiting(browser, of_runs.url) as visitor:
        page = begun(visitor)
        question = chosen(page)
        assert len(page.locator("#ask-context").input_value()) > 40
        expect(page.locator("[data-chip]")).to_be_visible()
        page.press("#ask-question", "Enter")
        turn = page.locator(".turn").last
        said = answered(turn).first.locator(".said").inner_text()
        assert question in said  # the worker without models says it back
        expect(turn.locator(".reference").first).not_to_be_empty()
        expect(turn.locator(".answer").first).to_contain_text("F1 ")
        expect(page.locator("[data-chip]")).to_be_hidden()


def test_words_find_items_and_an_edited_one_is_an_item_no_more(
    browser: Browser, of_runs: Served
) -> None:
    with visiting(browser, of_runs.url, "phone") as visitor:
        page = begun(visitor)
        question = chosen(page)
        page.locator("#items summary").click()
        page.fill("#items-q", question)
        expect(page.locator("#items-found [data-item]")).to_have_count(1)
        page.fill("#items-q", "nowhere to be found")
        expect(page.locator("#items-found")).to_contain_text("No test item has")
        page.fill("#ask-question", f"{question} Really?")
        expect(page.locator("[data-chip]")).to_be_hidden()
        page.press("#ask-question", "Enter")
        turn = page.locator(".turn").last
        answered(turn)
        expect(turn.locator(".reference")).to_have_count(0)
        expect(turn.locator(".badge", has_text="test item")).to_have_count(0)
