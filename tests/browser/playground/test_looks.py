"""Every page on a phone and on a wide screen, in light and dark, with names and words too long."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.cases import LONG_WORD
from tests.browser.checks import AXE, CONTRAST, TOO_WIDE, violations
from tests.browser.conftest import SIZES
from tests.browser.playground.visitors import Visitor, answered, arms, ask, slowly, visiting
from tests.playground.served import served

pytestmark = pytest.mark.browser
NAMES = (("quantized-" * 12)[:120], ("Rindfleischetikettierung" * 5)[:120], "short")
LOOKS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("phone", "light", {}),
    ("desktop", "dark", {"runOnly": [CONTRAST]}),
)
PAGES = (
    "",
    "history/",
    f"history/?q={LONG_WORD[:20]}",
    "history/?q=nothingatall",
    "votes/",
    "nowhere/",
)


@pytest.fixture(scope="module")
def crowded(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """Whose second tab shows a conversation with answers of every kind."""
    folder = tmp_path_factory.mktemp("looks")
    with (
        served(folder, *arms(folder, *NAMES)) as one,
        visiting(browser, one.url) as visitor,
    ):
        visitor.expected.append("status of 404")
        fill(visitor)
        yield visitor


def fill(visitor: Visitor) -> None:
    page = visitor.begun(blind=True)
    turn = ask(page, LONG_WORD, LONG_WORD)
    answered(turn).first.get_by_role("button", name="This one is better").click()
    page = visitor.begun(arms=3)
    turn = ask(page, LONG_WORD, LONG_WORD * 20)
    answered(turn).first.get_by_role("button", name="This one is better").click()
    expect(turn.locator(".badge")).to_be_visible()
    turn = ask(page, f"{LONG_WORD} again")
    answered(turn)
    turn.get_by_role("button", name="No difference").click()
    answered(ask(page, f"fail {LONG_WORD}"))
    turn = ask(page, slowly(50))
    turn.get_by_role("button", name="Stop").first.click()
    expect(turn.locator(".status").first).to_have_text("stopped")
    ask(page, slowly(600), "short")
    for fold in page.locator("details").all():
        fold.evaluate("one => { one.open = true }")


def assert_fits(page: Page) -> None:
    page.evaluate(AXE)
    for size, scheme, options in LOOKS:
        page.set_viewport_size(SIZES[size])  # type: ignore[arg-type]
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert page.evaluate(TOO_WIDE) == [], size
        assert violations(page, options) == [], (size, scheme)
    tags = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => h.tagName)")
    levels = [int(tag[1]) for tag in tags]
    assert (levels[0], levels.count(1)) == (1, 1)
    assert all(after <= before + 1 for before, after in pairwise(levels)), tags


def test_a_conversation_keeps_nobody_out_and_fits(crowded: Visitor) -> None:
    page = crowded.tabs[1].page
    expect(page.locator("[aria-busy]").first).to_be_visible()
    assert LONG_WORD in page.locator(".said").first.inner_text()
    assert_fits(page)


@pytest.mark.parametrize("place", PAGES, ids=lambda place: place[:20] or "new")
def test_a_page_keeps_nobody_out_and_fits(place: str, crowded: Visitor) -> None:
    page = crowded.tab(place)
    for fold in page.locator("details").all():
        fold.evaluate("one => { one.open = true }")
    assert_fits(page)
    page.close()
