"""What every page is measured by: axe-core's findings, and what is wider than the window."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import axe_playwright_python

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["AXE", "CONTRAST", "TOO_WIDE", "violations"]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
CONTRAST = "color-contrast"
"""The rule that takes long, and that colours decide, not widths."""

TOO_WIDE = """() => {
  const room = document.documentElement.clientWidth
  const scrolls = one => one && (getComputedStyle(one).overflowX !== 'visible'
    || scrolls(one.parentElement))
  const over = [...document.body.querySelectorAll('*')]
    .filter(one => one.getBoundingClientRect().right > room + 1 && !scrolls(one))
    .map(one => one.outerHTML.slice(0, 120))
  return document.scrollingElement.scrollWidth <= room ? [] : ['the page scrolls', ...over]
}"""

_RUN = """options => axe.run({resultTypes: ['violations'], preload: false, ...options})
  .then(found => found.violations)"""


def violations(page: Page, options: dict[str, Any]) -> list[str]:
    """What axe-core, evaluated before, finds that keeps people out, with the places."""
    found: list[dict[str, Any]] = page.evaluate(_RUN, options)
    return [
        f"{one['impact']}: {one['id']}: {node['html'][:120]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
