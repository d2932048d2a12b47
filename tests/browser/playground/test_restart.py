"""A playground that is killed while somebody looks on, and started again."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.playground.test_asking import NOW
from tests.browser.playground.visitors import ARMS, answered, arms, ask, slowly, visiting
from tests.playground.served import served

pytestmark = pytest.mark.browser
LOST = ["ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_INCOMPLETE_CHUNKED_ENCODING"]


def free_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


def test_an_open_page_says_it_and_goes_on_by_itself(browser: Browser, tmp_path: Path) -> None:
    how = (*arms(tmp_path, *ARMS), "--port", free_port())
    with served(tmp_path, *how) as one, visiting(browser, one.url) as visitor:
        visitor.expected += LOST
        page = visitor.begun(arms=1)
        answered(ask(page, "before all that"))
        said = ask(page, slowly(25)).locator(".said")
        ask(page, "in the queue")
        expect(said).to_contain_text("word14")  # so that some of it is in the database
        one.kill()
        expect(page.get_by_role("alert").filter(has_text="does not answer")).to_be_visible()
        page.fill("#ask-question", "asked of nobody")
        page.press("#ask-question", "Enter")
        expect(page.locator("#ask-errors")).to_contain_text("What you typed is kept")
        assert page.input_value("#ask-question") == "asked of nobody"
        with served(tmp_path, *how):
            first, cut, queued = page.locator(".turn").all()
            expect(cut.locator(".status")).to_have_text(
                "interrupted: the playground ended before this answer did"
            )
            expect(page.locator("#offline")).to_be_hidden()
            assert "before all that" in first.inner_text()
            left = said.inner_text()
            assert left.startswith("code-one heard: slowly word0")
            assert "word24" not in left
            assert answered(queued).locator(".said").inner_text() == "code-one heard: in the queue"
            expect(page.locator("#ask-question")).to_have_value("asked of nobody")
            cut.get_by_role("button", name="Ask again").click()
            expect(page.locator(NOW)).to_contain_text("word0")
            assert answered(cut).locator(".said").inner_text() == f"code-one heard: {slowly(25)}"
            page.press("#ask-question", "Enter")
            assert "asked of nobody" in answered(page.locator(".turn").nth(3)).inner_text()
