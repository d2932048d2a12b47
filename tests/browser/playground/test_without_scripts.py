"""What can be done where scripts are not allowed: everything, with reloads."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.playground.visitors import ARMS, visiting
from tests.playground.served import Served

pytestmark = pytest.mark.browser


def reload_until(page: Page, text: str) -> None:
    """As a person does; a page without scripts does not change by itself."""
    end = time.monotonic() + 15
    while text not in page.locator("#turns").inner_text():
        assert time.monotonic() < end, page.locator("#turns").inner_text()
        page.wait_for_timeout(100)
        page.reload()


def test_forms_are_enough(browser: Browser, playground: Served) -> None:
    with visiting(browser, playground.url, "phone", java_script_enabled=False) as visitor:
        visitor.expected.append("status of 400")
        page = visitor.begun(blind=True)
        page.get_by_role("button", name="Ask").click()
        expect(page.locator("#ask-fields .error")).to_have_text("Type a question first.")
        page.fill("#ask-question", "plain and simple")
        page.fill("#ask-context", "some context")
        page.get_by_role("button", name="Ask").click()
        expect(page.locator(".turn")).to_have_count(1)
        reload_until(page, "code-two heard: plain and simple")
        reload_until(page, "code-one heard: plain and simple")
        expect(page.locator(".turn h3")).to_have_text(["Answer A", "Answer B"])
        chosen = page.locator(".answer", has_text="code-two")
        chosen.get_by_role("button", name="This one is better").click()
        expect(chosen.locator("h3")).to_contain_text(f"{ARMS[1]} ✓ better")

        page.fill("#ask-question", "slowly " + "on " * 90)
        page.get_by_role("button", name="Ask").click()
        stop = page.locator(".turn").nth(1).get_by_role("button", name="Stop")
        for left in (1, 0):
            stop.last.click()
            expect(stop).to_have_count(left)
        assert page.locator(".status:visible").all_inner_texts() == ["stopped", "stopped"]

        page.locator("#rename summary").click()
        page.get_by_label("Title").fill("Without scripts")
        page.locator("#rename button").click()
        expect(page.locator("h1")).to_have_text("Without scripts")
        page.locator("#settings summary").click()
        page.get_by_label("Longest answer").fill("7")
        page.get_by_role("button", name="Keep these settings").click()
        expect(page.locator(".decoded")).to_contain_text("longest answer 7")
        page.locator("#delete summary").click()
        page.get_by_role("button", name="Delete it").click()
        expect(page.get_by_role("button", name="Begin")).to_be_visible()
        expect(page.get_by_role("link", name="Without scripts")).to_have_count(0)
