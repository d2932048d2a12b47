"""The system's Chromium without a window, and what a page does in it.

The browser lives for one module only: while it does, the thread has an event loop, and tests of
other folders that start one of their own would fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.cases import write_report
from tests.browser.chromium import ABSENT, executable, started

__all__ = ["SIZES", "Opened", "opened", "watched"]

SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1100, "height": 800}}


@dataclass
class Opened:
    """A page, and all that it did since it was asked for."""

    page: Page
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = executable()
    if path is None:
        pytest.skip(ABSENT)
    with started(path) as browser:
        yield browser


def watched(page: Page) -> Opened:
    """A page that was not asked for anything yet; dialogs are dismissed."""
    seen = Opened(page)

    def dismiss(dialog: Any) -> None:
        seen.dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("console", lambda line: seen.complaints.append(line.text))
    return seen


@contextmanager
def opened(browser: Browser, file: Path, size: str = "desktop", **options: Any) -> Iterator[Opened]:
    """The file in a fresh profile, with every `<details>` unfolded."""
    with browser.new_context(viewport=SIZES[size], **options) as context:  # type: ignore[arg-type]
        seen = watched(context.new_page())
        page = seen.page
        page.goto(file.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        yield seen


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """File of a case, made once."""
    made: dict[str, Path] = {}

    def find(case: str) -> Path:
        if case not in made:
            made[case] = write_report(case, tmp_path_factory.mktemp("report"))
        return made[case]

    return find
