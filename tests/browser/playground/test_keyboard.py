"""The whole way by keyboard alone, with the focus always in sight."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.playground.visitors import Visitor, answered, slowly

pytestmark = pytest.mark.browser
FOCUS = """() => {
  const one = document.activeElement
  const style = getComputedStyle(one)
  const box = one.getBoundingClientRect()
  const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1
    && box.bottom > 0 && box.top < innerHeight && box.width > 0
  return [one.tagName, seen, one.outerHTML.slice(0, 150)]
}"""


def assert_focus_is_seen(page: Page) -> None:
    tag, seen, html = page.evaluate(FOCUS)
    assert tag != "BODY"
    assert seen, html


def tab_to(page: Page, selector: str, key: str = "Tab") -> None:
    """Press it until something has the focus; each stop on the way can be seen."""
    for _ in range(40):
        page.keyboard.press(key)
        assert_focus_is_seen(page)
        if page.evaluate("one => document.activeElement.matches(one)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached by {key}")


def press(page: Page, key: str) -> None:
    page.keyboard.press(key)


def test_everything_is_done_by_keyboard(visitor: Visitor) -> None:
    page = visitor.tab()
    tab_to(page, ".skip")
    press(page, "Enter")
    tab_to(page, "input[name=arms]")
    press(page, "Space")
    expect(page.locator("input[name=arms]").first).not_to_be_checked()
    press(page, "Space")
    tab_to(page, "input[name=blind]")
    press(page, "Space")
    tab_to(page, "form.new > details > summary")
    press(page, "Enter")
    expect(page.get_by_label("Temperature")).to_be_visible()
    tab_to(page, "button.primary")
    press(page, "Enter")
    expect(page.locator("#ask")).to_be_visible()
    page.wait_for_load_state()

    tab_to(page, ".skip[href='#ask']")
    press(page, "Enter")
    tab_to(page, "#ask-question")
    page.keyboard.type("who are you")
    press(page, "Enter")
    expect(page.locator("#ask-question")).to_be_focused()
    assert_focus_is_seen(page)
    answered(page.locator(".turn"))
    expect(page.get_by_role("button", name="This one is better")).to_have_count(2)
    tab_to(page, "[id$=better]", "Shift+Tab")
    press(page, "Enter")
    expect(page.locator(".answer .badge")).to_have_text("✓ better")
    assert_focus_is_seen(page)
    assert page.evaluate("document.activeElement.closest('.preferred') !== null")


def test_focus_stays_near_what_changes_by_itself(visitor: Visitor) -> None:
    page = visitor.begun()
    page.focus("#ask-question")
    page.keyboard.type(slowly(12))
    press(page, "Enter")
    expect(page.locator(".said").first).to_contain_text("word1")
    tab_to(page, ".answer:nth-child(1) [id$=stop]", "Shift+Tab")
    expect(page.locator(".answer").first.locator("[aria-busy]")).to_have_count(0)
    assert_focus_is_seen(page)  # its button is gone
    assert page.evaluate("document.activeElement.id").endswith("title")
    tab_to(page, ".answer:nth-child(2) [id$=stop]")
    press(page, "Enter")
    expect(page.locator(".answer").nth(1).locator(".status")).to_have_text("stopped")
    assert_focus_is_seen(page)
    tab_to(page, "[id$=again]")
    press(page, "Enter")
    expect(page.locator(".answer").nth(1).locator("[aria-busy]")).to_have_count(1)
    assert_focus_is_seen(page)
    answered(page.locator(".turn"))
    assert_focus_is_seen(page)
    assert page.evaluate("document.activeElement.closest('.answer:nth-child(2)') !== null")
