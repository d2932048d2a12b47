"""Where the system's Chromium is, and how to start it; nothing here downloads one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["ABSENT", "executable", "started"]

NAMES = ("chromium", "chromium-browser", "google-chrome")
ABSENT = "no Chromium on this machine (Debian: apt-get install chromium)"


def executable() -> str | None:
    """Its path, or None; the variable CHROMIUM comes first."""
    found = (shutil.which(name) for name in (os.environ.get("CHROMIUM", ""), *NAMES) if name)
    return next((path for path in found if path), None)


@contextmanager
def started(path: str) -> Iterator[Browser]:
    """A browser without a window, until the block is left."""
    from playwright.sync_api import sync_playwright

    # Its sandbox does not work for root, who tests in containers; these pages are our own.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            yield browser
        finally:
            browser.close()
