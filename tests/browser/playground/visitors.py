"""People in front of a playground: their tabs, what they do there, and what may not happen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from harness.arm_settings import ARM_FILE, ArmSettings
from harness.experiment.data import Prompt
from harness.experiment.model import Model
from harness.experiment.recipe import Generation
from tests.browser.conftest import SIZES, Opened, watched
from tests.playground.served import models

__all__ = ["ARMS", "Visitor", "answered", "arms", "ask", "begin", "slowly", "visiting"]

ARMS = ("code-one-alpha", "code-two-beta")
"""The worker's answers begin with the first eight characters of a name, and only with these."""
_SETTINGS = ArmSettings(
    model=Model(name="owner/base"),
    prompt=Prompt(template="{context} {question}"),
    generation=Generation(),
)


def arms(folder: Path, *names: str) -> tuple[str, ...]:
    """Folders of models that read a context; the names, which are the places inside `folder`."""
    models(folder, *names)
    for name in names:
        (folder / name / ARM_FILE).write_text(_SETTINGS.model_dump_json(), encoding="utf-8")
    return names


@dataclass
class Visitor:
    """Tabs of one browser, all with the same cookies.

    Attributes
    ----------
    expected : list of str
        Patterns of lines in the console that a test provokes; any other one is a fault.
    """

    context: BrowserContext
    url: str
    tabs: list[Opened] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def tab(self, place: str = "") -> Page:
        """A new tab at an address of the playground."""
        page = self.context.new_page()
        self.tabs.append(watched(page))
        page.goto(urljoin(self.url, place))
        return page

    def begun(self, **how: Any) -> Page:
        """A new tab with a conversation that begins."""
        page = self.tab()
        begin(page, **how)
        return page

    def assert_nothing_else_happened(self) -> None:
        for seen in self.tabs:
            lines = [
                line
                for line in seen.complaints
                if not any(re.search(one, line) for one in self.expected)
            ]
            own = (self.url, "data:")
            foreign = [url for url in seen.requests if not url.startswith(own)]
            if lines or seen.dialogs or foreign:
                raise AssertionError(f"{lines=}, {seen.dialogs=}, {foreign=}")


@contextmanager
def visiting(
    browser: Browser, url: str, size: str = "desktop", **options: Any
) -> Iterator[Visitor]:
    """Somebody with a fresh profile, whose tabs are looked through at the end."""
    with browser.new_context(viewport=SIZES[size], **options) as context:  # type: ignore[arg-type]
        context.set_default_timeout(15_000)
        visitor = Visitor(context, url)
        yield visitor
        visitor.assert_nothing_else_happened()


def begin(page: Page, *, blind: bool = False, arms: int = 2) -> None:
    """From the first page, with so many of the arms, all of which are chosen at first."""
    boxes = page.locator("input[name=arms]")
    for place in range(arms, boxes.count()):
        boxes.nth(place).uncheck()
    if blind:
        page.get_by_label("Blind").check()
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("#ask")).to_be_visible()
    page.wait_for_load_state()  # with its scripts


def ask(page: Page, question: str, context: str | None = None) -> Locator:
    """Ask with the keyboard; the turn, as soon as it is there."""
    turns = page.locator(".turn")
    before = turns.count()
    if context is not None:
        page.fill("#ask-context", context)
    page.fill("#ask-question", question)
    page.press("#ask-question", "Enter")
    expect(turns).to_have_count(before + 1)
    expect(page.locator("#ask-question")).to_have_value("")
    return turns.nth(before)


def answered(turn: Locator) -> Locator:
    """Its answers, as soon as all have ended."""
    expect(turn.locator(".said").first).to_be_attached()
    expect(turn.locator("[aria-busy]")).to_have_count(0)
    return turn.locator(".answer")


def slowly(words: int) -> str:
    """A question whose answer takes a tenth of a second per word."""
    return "slowly " + " ".join(f"word{n}" for n in range(words))
