"""Texts that try to be more than text, in every place that a person or a model can fill."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.playground.visitors import Visitor, answered, arms, ask, begin, visiting
from tests.playground.served import Served, served

pytestmark = pytest.mark.browser
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover=alert(1) autofocus onfocus=alert(1) x='",
    "{{7*7}}{% debug %}${7*7}&lt;script&gt;alert(1)&lt;/script&gt;",
    "javascript:alert(1)",
    "</textarea></title></template><svg onload=alert(1)><style>*{display:none}</style>",
    "right\u202eto left\u2066 and \u2028 \ufeff \u0007 nothing",
    "👩🏽\u200d🚀 Zalgo Z" + "\u0300\u0489" * 20,
)
SLOW = "<img/src=x/onerror=alert(1)><b>and</b>"
"""One word, so that it comes in one piece."""
NAMES = ('"><img src=x onerror=alert(1)>', "{{7*7}}<script>alert(1)<\\script>\u202ename")
FOREIGN = """() => [...document.querySelectorAll(`img, svg, iframe, object, embed, base,
  meta[http-equiv], body script, body style, [onload], [onerror], [onfocus], [onmouseover],
  [autofocus], [href^="javascript" i], body [style]:not(textarea)`)].map(one => one.outerHTML)"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("hostile")
    with served(folder, *arms(folder, *NAMES)) as one:
        yield one


@pytest.fixture(params=[True, False], ids=["escaped", "policy"])
def stranger(
    request: pytest.FixtureRequest, browser: Browser, hostile: Served
) -> Iterator[Visitor]:
    """Once where nothing but escaping protects, once as it is."""
    with visiting(browser, hostile.url, bypass_csp=request.param) as visitor:
        yield visitor


def assert_harmless(page: Page) -> None:
    page.evaluate(
        "for (const one of document.querySelectorAll('body *')) one.dispatchEvent("
        "new MouseEvent('mouseover', {bubbles: true}))"
    )
    assert page.evaluate(FOREIGN) == []


def assert_says(place: Locator, text: str) -> None:
    assert text in [one.strip() for one in place.all_text_contents()], (text, place)


def test_they_are_asked_answered_found_and_stay_texts(stranger: Visitor) -> None:
    page = stranger.tab()
    begin(page)
    for text in HOSTILE:
        turn = ask(page, text, f"In {text} it was.")
        answers = answered(turn).locator(".said").all_text_contents()
        assert answers == [f"{name[:8]} heard: {text}" for name in NAMES]
        assert turn.locator(".asked").text_content() == text
        assert turn.locator(".context .passage").text_content() == f"In {text} it was."
    slow = ask(page, f"slowly {SLOW} on and on and on").locator(".answer")
    expect(slow.nth(1).locator("[aria-busy]")).to_contain_text(SLOW)
    assert_harmless(page)
    page.reload()
    for place, text in enumerate(HOSTILE):
        assert page.locator(".turn .asked").nth(place).text_content() == text
    assert_harmless(page)
    for text in HOSTILE:
        page.goto(f"{stranger.url}history/?q={quote(text)}")
        assert page.locator("#q").input_value() == text
        assert page.locator(".rows mark").count() > 0
        assert_harmless(page)
    page.locator("a", has_text="show all").click()
    page.locator(".rows h2 a", has_text="alert(1)").first.click()
    page.locator(".turn").first.get_by_role("button", name="This one is better").first.click()
    expect(page.locator(".badge")).to_be_visible()
    page.get_by_role("link", name="Votes").click()
    expect(page.locator("h1")).to_have_text("Votes")
    for name in NAMES:
        assert_says(page.locator(".pairs bdi"), name)
    assert_harmless(page)


def test_they_are_titles_and_names(browser: Browser, hostile: Served) -> None:
    with visiting(browser, hostile.url, bypass_csp=True) as stranger:
        rename_and_look(stranger)


def rename_and_look(stranger: Visitor) -> None:
    page = stranger.tab()
    begin(page)
    other = stranger.tab(page.url)
    for text in HOSTILE:
        page.locator("#rename summary").click()
        page.locator("#id_title").fill(text)
        page.locator("#id_title").press("Enter")
        title = " ".join(text.split())
        expect(page.locator("h1")).to_have_text(title, use_inner_text=False)
        expect(other.locator("h1")).to_have_text(title)
        assert page.locator("#id_title").input_value() == title
        assert_harmless(page)
        assert_harmless(other)
        for place, links in (("", ".list a"), ("history/", ".rows h2 a")):
            look = other if place else page
            here = page.url
            look.goto(f"{stranger.url}{place}")
            assert_says(look.locator(links), title)
            assert_harmless(look)
            look.goto(here)
    page.goto(stranger.url)
    for name in NAMES:
        assert_says(page.locator(".arm .name"), name)
    assert page.locator("title").inner_text() == "New conversation – Playground"
