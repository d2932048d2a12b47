from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.cases import HOSTILE, write_broken, write_hostile
from tests.browser.conftest import Opened, opened

pytestmark = pytest.mark.browser
FOREIGN = """() => [...document.querySelectorAll(`img:not([src^="data:"]), iframe, object, embed,
  base, link, [onload], [onerror], [onfocus], [onmouseover], [autofocus], [href^="javascript"],
  [http-equiv=refresh]`), ...[...document.scripts].filter(one =>
  one.type !== 'application/json' && one.text.includes('pwned'))].map(one => one.outerHTML)"""
USE = """() => {
  const all = selector => [...document.querySelectorAll(selector)]
  for (const one of all('body *')) one.dispatchEvent(new MouseEvent('mouseover', {bubbles: true}))
  for (const one of all('[tabindex], a, input, select, summary, button')) one.focus()
  for (const one of all('button, [role=button], [role=option], [role=tab]')) one.click()
  for (const one of all('input[type=search], input[type=text]')) {
    one.value = 'pwned'; one.dispatchEvent(new Event('input', {bubbles: true}))
  }
}"""


@pytest.fixture(scope="module", params=range(len(HOSTILE)))
def hostile(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    text = HOSTILE[request.param]
    return text, write_hostile(text, tmp_path_factory.mktemp("hostile"))


def visited(browser: Browser, file: Path, *, bypass_csp: bool = False) -> Iterator[Opened]:
    """The page at rest, then after everything on it was used."""
    with opened(browser, file, bypass_csp=bypass_csp) as seen:
        yield seen
        seen.page.evaluate(USE)
        seen.page.wait_for_timeout(50)
        yield seen


def assert_harmless(seen: Opened, file: Path) -> None:
    assert seen.dialogs == []
    assert seen.complaints == []
    assert [url for url in seen.requests if not url.startswith("data:")] == [file.as_uri()]
    assert seen.page.evaluate("window.pwned") is None
    assert seen.page.evaluate(FOREIGN) == []


def test_texts_of_data_stay_texts(hostile: tuple[str, Path], browser: Browser) -> None:
    text, file = hostile
    for seen in visited(browser, file):
        assert_harmless(seen, file)
        for shown in ("#provenance ~ dl dt", "#provenance ~ dl dd", "pre", "h1", ".question"):
            assert_shown(text, seen.page, shown)
        title = seen.page.evaluate("document.querySelector('title').text")
        assert text.replace("\x00", "\ufffd") in title


def test_escaping_alone_is_enough(hostile: tuple[str, Path], browser: Browser) -> None:
    _, file = hostile
    for seen in visited(browser, file, bypass_csp=True):
        assert_harmless(seen, file)


def test_half_characters_are_named(browser: Browser, tmp_path: Path) -> None:
    file = write_broken("caf\udce9 \ud83d.yaml", tmp_path)  # as Python reads bytes that are no text
    with opened(browser, file) as seen:
        for selector in (".question", "#provenance ~ dl dd", "#trust ~ * td"):
            assert_shown(r"caf\udce9 \ud83d.yaml", seen.page, selector)
        assert_harmless(seen, file)


def assert_shown(text: str, page: Page, selector: str) -> None:
    text = text.replace("\x00", "")  # which HTML drops
    assert any(text in shown for shown in page.locator(selector).all_text_contents()), selector
