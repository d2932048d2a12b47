"""Debian's Chromium without a window, and what a page does in it.

The browser is the system's; nothing downloads one. It lives for one module only: an event loop
that stays open would break the tests of other folders that start one of their own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.cases import write_report

__all__ = ["SIZES", "Opened", "opened"]

NAMES = ("chromium", "chromium-browser", "google-chrome")
SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1100, "height": 800}}


@dataclass
class Opened:
    """A page, and all that it did since it was asked for."""

    page: Page
    requests: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def executable() -> str | None:
    """Where a Chromium is; the variable CHROMIUM comes first."""
    found = (shutil.which(name) for name in (os.environ.get("CHROMIUM", ""), *NAMES) if name)
    return next((path for path in found if path), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = executable()
    if path is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    # Its sandbox does not work for root, who tests in containers; these pages are our own.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, file: Path, size: str = "desktop", **options: Any) -> Iterator[Opened]:
    """The file in a fresh profile, with every `<details>` unfolded."""
    with browser.new_context(viewport=SIZES[size], **options) as context:  # type: ignore[arg-type]
        page = context.new_page()
        seen = Opened(page)

        def dismiss(dialog: Any) -> None:
            seen.dialogs.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", dismiss)
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("console", lambda line: seen.complaints.append(line.text))
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
