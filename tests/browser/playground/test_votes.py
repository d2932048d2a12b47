"""Votes on answers, of arms with and without their names."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.playground.visitors import ARMS, Visitor, answered, ask, slowly

pytestmark = pytest.mark.browser
RECORD = """() => {
  window.seen = []
  const look = () => window.seen.push(document.getElementById('turns').innerHTML)
  new MutationObserver(look).observe(document.getElementById('turns'),
    {subtree: true, childList: true, characterData: true, attributes: true})
}"""


def better(turn: Locator) -> Locator:
    return turn.get_by_role("button", name="This one is better")


def counted(page: Page, title: str) -> dict[str, int]:
    """What the page of votes counts under a heading, by words."""
    page.get_by_role("link", name="Votes").click()
    expect(page.locator("h1")).to_have_text("Votes")
    counts: dict[str, int] = {}
    heading = page.locator("h2", has_text=title)
    for row in heading.locator("xpath=following-sibling::ul[1]").locator("dl div").all():
        counts[row.locator("dt").inner_text()] = int(row.locator("dd").inner_text())
    return counts


def test_a_blind_vote_names_the_arms_and_is_final(visitor: Visitor) -> None:
    title = "Arms unnamed until the vote"
    before = counted(visitor.tab(), title)
    page = visitor.begun(blind=True)
    page.evaluate(RECORD)
    turn = ask(page, slowly(5))
    cards = answered(turn)
    expect(better(turn)).to_have_count(2)
    shown = "".join(page.evaluate("window.seen"))
    assert shown.count("word4")
    for name in ("alpha", "beta", "owner/base", "tokens"):
        assert name not in shown
    headings = turn.locator("h3")
    expect(headings).to_have_text(["Answer A", "Answer B"])
    other = visitor.tab(page.url)
    assert "alpha" not in other.locator("#turns").inner_html()

    first = cards.filter(has_text="code-one heard")
    letter = first.locator("h3").inner_text()
    better(first).click()
    expect(first.locator("h3")).to_have_text(f"{letter}: {ARMS[0]} ✓ better")
    expect(cards.filter(has_text="code-two heard").locator("h3")).to_contain_text(ARMS[1])
    expect(turn.get_by_role("button")).to_have_count(0)
    expect(other.locator(".turn h3", has_text=letter)).to_contain_text(f"{ARMS[0]} ✓ better")

    token = page.locator("#ask input[name=csrfmiddlewaretoken]").input_value()
    refused = visitor.context.request.post(
        f"{visitor.url}turns/{turn.get_attribute('data-turn')}/vote/",
        form={"csrfmiddlewaretoken": token, "preferred": ""},
    )
    assert refused.status == 409
    after = counted(page, title)
    wins = {name: after[name] - before.get(name, 0) for name in after}
    assert wins == {"First is better": 1, "Second is better": 0, "No difference": 0}
    assert page.locator(".pairs bdi").all_inner_texts()[:2] == list(ARMS)


def test_an_open_vote_can_be_changed(visitor: Visitor) -> None:
    title = "Arms named"
    before = counted(visitor.tab(), title)
    page = visitor.begun()
    turn = ask(page, "who is better")
    first, second = answered(turn).all()
    expect(first.locator("h3")).to_have_text(ARMS[0])
    better(first).click()
    expect(first.locator(".badge")).to_have_text("✓ better")
    expect(better(turn)).to_have_count(1)
    better(second).click()
    expect(second.locator(".badge")).to_have_text("✓ better")
    expect(first.locator(".badge")).to_have_count(0)
    turn.get_by_role("button", name="No difference").click()
    expect(turn.locator(".verdict .badge")).to_have_text("No difference")
    expect(turn.locator(".answer .badge")).to_have_count(0)
    better(second).click()
    expect(second.locator(".badge")).to_have_text("✓ better")
    after = counted(page, title)
    assert {name: after[name] - before.get(name, 0) for name in after} == {
        "First is better": 0,
        "Second is better": 1,
        "No difference": 0,
    }


def test_one_arm_and_a_failed_answer_cannot_be_voted_on(visitor: Visitor) -> None:
    alone = ask(visitor.begun(arms=1), "alone")
    answered(alone)
    expect(alone.get_by_role("button")).to_have_count(0)
    failed = ask(visitor.begun(blind=True), "please fail")
    answered(failed)
    expect(better(failed)).to_have_count(0)
    expect(failed.locator("h3").first).to_contain_text("code-")  # nothing is left to be fair to
