"""The browser of items by keyboard alone: choose, filter, search, turn pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import opened

pytestmark = pytest.mark.browser
FOCUSED = "document.activeElement.id || document.activeElement.value"


def tab_to(page: Page, target: str) -> None:
    """Press Tab until something has the focus; it has to come before long."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == target:
            return
    raise AssertionError(f"{target} cannot be reached by Tab")


def count(page: Page) -> int:
    """Items that the status line counts."""
    found = re.search(r"of ([\d,]+)", page.inner_text("#items-status"))
    return int(found.group(1).replace(",", "")) if found else 0


def test_everything_is_done_by_keyboard(browser: Browser, report: Callable[[str], Path]) -> None:
    with opened(browser, report("quickstart")) as seen:
        page = seen.page
        page.focus("#items-from")
        every = count(page)
        assert every == 200
        assert page.locator("#items-list > li.item").count() == 5
        first = page.inner_text("#items-list > li.item >> nth=0")

        tab_to(page, "items-search")
        page.keyboard.type("Question 7")
        page.wait_for_function("document.querySelectorAll('#items-list mark').length > 0")
        page.wait_for_timeout(250)
        found = count(page)
        assert 0 < found < every
        for item in page.locator("#items-list > li.item").all():
            assert "Question 7" in item.inner_text()
        page.keyboard.press("Control+A")
        page.keyboard.press("Delete")
        page.wait_for_timeout(250)
        assert count(page) == every

        tab_to(page, "all")
        page.keyboard.press("ArrowRight")  # the next category of the group
        assert page.evaluate(FOCUSED) == "0"
        gained = int(page.inner_text("#items-count-0").replace(",", ""))
        assert count(page) == gained < every
        assert all(
            "gained" in one for one in page.locator("#items-list > li.item").all_inner_texts()
        )
        page.keyboard.press("ArrowLeft")
        assert count(page) == every

        tab_to(page, "items-next")
        page.keyboard.press("Enter")
        assert page.inner_text("#items-status").startswith("Items 6 to 10")
        assert page.inner_text("#items-list > li.item >> nth=0") != first
        assert page.evaluate(FOCUSED) == "items-list"  # reading goes on at the new items
        assert seen.complaints == []
