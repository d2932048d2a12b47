from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.cases import CASES, LONG_WORD
from tests.browser.checks import TOO_WIDE
from tests.browser.conftest import SIZES, opened

pytestmark = pytest.mark.browser
HEADINGS = "[...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(one => one.tagName)"


@pytest.mark.parametrize("case", CASES)
def test_only_tables_scroll_sideways(
    case: str, browser: Browser, report: Callable[[str], Path]
) -> None:
    with opened(browser, report(case)) as seen:
        for size in SIZES.values():
            seen.page.set_viewport_size(size)  # type: ignore[arg-type]
            assert seen.page.evaluate(TOO_WIDE) == [], size
        if case == "long names":
            assert LONG_WORD in seen.page.inner_text("body")


@pytest.mark.parametrize("case", CASES)
def test_headings_are_in_order(case: str, browser: Browser, report: Callable[[str], Path]) -> None:
    with opened(browser, report(case)) as seen:
        tags = seen.page.evaluate(
            "[...document.querySelectorAll('h1,h2,h3,h4')].map(h => h.tagName)"
        )
    levels = [int(tag[1]) for tag in tags]
    assert (levels[0], levels.count(1)) == (1, 1)
    assert all(after <= before + 1 for before, after in pairwise(levels)), tags


def test_prints_on_pages_that_start_with_the_verdict(
    browser: Browser, report: Callable[[str], Path]
) -> None:
    with opened(browser, report("quickstart")) as seen:
        whole = seen.page.pdf(format="A4")
        first = seen.page.pdf(format="A4", page_ranges="1")
    assert len(re.findall(rb"/Type /Page\b", whole)) > 1
    assert len(re.findall(rb"/Type /Page\b", first)) == 1
    assert first_texts(first) > 20


def first_texts(pdf: bytes) -> int:
    """How often a document of one page draws a piece of text."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, flags=re.DOTALL)
    texts = 0
    for stream in streams:
        try:
            texts += zlib.decompress(stream).count(b" Tj")
        except zlib.error:
            continue  # a picture or a font
    return texts
