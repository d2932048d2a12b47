"""The page that asks for the password."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.playground.test_looks import assert_fits
from tests.browser.playground.visitors import ARMS, answered, arms, ask, visiting
from tests.playground.served import served

pytestmark = pytest.mark.browser
PASSWORD = "a long <password>"
NO_NAMES = "Password forms should have .* username fields"  # a hint of Chromium's; there are none


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where its first page is."""
    folder = tmp_path_factory.mktemp("locked")
    secret = {"HARNESS_PLAYGROUND_PASSWORD": PASSWORD}
    with served(folder, *arms(folder, *ARMS), "--host", "0.0.0.0", **secret) as one:
        yield one.url.replace("0.0.0.0", "127.0.0.1")


def test_only_the_right_password_lets_in(browser: Browser, locked: str) -> None:
    with visiting(browser, locked) as visitor:
        visitor.expected += ["status of 403", NO_NAMES]
        page = visitor.tab("history/")
        expect(page.get_by_label("Password")).to_be_focused()
        assert page.get_by_role("link", name="History").count() == 0
        assert_fits(page)
        page.keyboard.type("a wrong password")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("This is not the password.")
        assert_fits(page)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Go in").click()
        expect(page.get_by_role("button", name="Begin")).to_be_visible()
        again = visitor.begun(arms=1)
        assert "heard: may I" in answered(ask(again, "may I")).inner_text()
    with visiting(browser, locked) as other:
        other.expected.append(NO_NAMES)
        expect(other.tab().get_by_label("Password")).to_be_visible()
