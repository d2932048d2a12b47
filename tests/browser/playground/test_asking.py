"""Questions and answers that come while one looks on."""

from __future__ import annotations

import pytest
from playwright.sync_api import APIResponse, Browser, Page, Route, expect

from tests.browser.checks import TOO_WIDE
from tests.browser.playground.visitors import Visitor, answered, ask, slowly, visiting
from tests.playground.served import Served

pytestmark = pytest.mark.browser
GROWS = "([now, long]) => document.querySelector(now)?.textContent.length > long"
NOW = ".said[aria-busy=true]"
HIDDEN = """yes => {
  Object.defineProperty(document, 'hidden', {configurable: true, get: () => yes})
  document.dispatchEvent(new Event('visibilitychange'))
}"""


def assert_grows(page: Page) -> None:
    """The first answer in the making gets longer before it ends."""
    expect(page.locator(NOW).first).to_contain_text("word0")
    long = len(page.locator(NOW).first.inner_text())
    page.wait_for_function(GROWS, arg=[NOW, long])


def test_a_question_is_typed_and_its_answer_streams(visitor: Visitor) -> None:
    page = visitor.begun(arms=1)
    question = page.locator("#ask-question")
    question.focus()
    page.keyboard.type(slowly(8))
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("a line")
    expect(question).to_have_value(f"{slowly(8)}\na line")
    assert page.locator(".turn").count() == 0
    page.keyboard.press("Enter")
    assert_grows(page)
    answer = answered(page.locator(".turn")).locator(".said")
    assert answer.inner_text() == f"code-one heard: {slowly(8)}\na line"
    expect(question).to_have_value("")
    expect(question).to_be_focused()
    expect(page.locator("#title")).to_have_text(f"{slowly(8)} a line")  # it had none before
    assert "word7 a line" in page.title()


def test_nothing_is_no_question(visitor: Visitor) -> None:
    visitor.expected.append("status of 400")
    page = visitor.begun(arms=1)
    page.press("#ask-question", "Enter")
    expect(page.locator("#ask-errors")).to_have_text("Type a question first.")
    assert "code-one heard: now" in answered(ask(page, "now")).inner_text()
    expect(page.locator("#ask-errors")).to_be_empty()


def test_a_stopped_answer_stays_as_far_as_it_came(visitor: Visitor) -> None:
    page = visitor.begun()
    first, second = ask(page, slowly(100)).locator(".answer").all()
    assert_grows(page)
    expect(second.locator(".status")).to_have_text("waits in the queue")
    second.get_by_role("button", name="Stop").click()
    expect(second.locator(".status")).to_have_text("stopped")
    first.get_by_role("button", name="Stop").click()
    expect(first.locator(".status")).to_have_text("stopped")
    came = first.locator(".said").inner_text()
    assert came.startswith("code-one heard: slowly word0")
    assert "code-two heard: what now" in answered(ask(page, "what now")).nth(1).inner_text()
    page.reload()
    said = first.locator(".said").inner_text()  # with what the worker had said until it knew
    assert said.startswith(came)
    assert "word99" not in said
    expect(first.get_by_role("button", name="Ask again")).to_be_visible()


def test_questions_queue_and_are_answered_in_order(visitor: Visitor) -> None:
    page = visitor.begun(arms=1)
    turns = [ask(page, f"{slowly(6)} of {place}") for place in range(3)]
    expect(turns[2].locator(".status")).to_have_text("waits in the queue")
    for place, turn in enumerate(turns):
        assert answered(turn).locator(".said").inner_text().endswith(f"of {place}")
        for later in turns[place + 1 :]:
            assert later.locator("[aria-busy]").count() == 1
    assert page.locator(".turn h2").all_inner_texts() == ["Question 1", "Question 2", "Question 3"]


def test_a_failed_and_a_killed_answer_say_so_and_the_next_one_comes(visitor: Visitor) -> None:
    page = visitor.begun(arms=1)
    failed = answered(ask(page, "please fail"))
    expect(failed.locator(".failure")).to_have_text("the model is <b>broken</b>")
    died = answered(ask(page, "please die"))
    expect(died.locator(".failure")).to_contain_text("ran out of memory")
    expect(died.get_by_role("button", name="Ask again")).to_be_visible()
    assert "heard: still there" in answered(ask(page, "still there")).inner_text()


def test_a_reload_in_the_middle_loses_nothing(visitor: Visitor) -> None:
    page = visitor.begun(arms=1)
    said = ask(page, slowly(30)).locator(".said")
    expect(said).to_contain_text("word12")  # what is in the database is older
    page.fill("#ask-question", "a draft\nof two lines")
    page.fill("#ask-context", "and its context")
    page.reload()
    assert "code-one heard: slowly word0" in said.inner_text()
    expect(page.locator("#ask-question")).to_have_value("a draft\nof two lines")
    expect(page.locator("#ask-context")).to_have_value("and its context")
    assert_grows(page)
    expect(said).to_have_text(f"code-one heard: {slowly(30)}")
    page.reload()
    expect(said).to_have_text(f"code-one heard: {slowly(30)}")


def test_two_tabs_show_the_same_conversation(visitor: Visitor) -> None:
    one = visitor.begun()
    other = visitor.tab(one.url)
    ask(one, slowly(8))
    assert_grows(other)
    there = answered(other.locator(".turn"))
    assert there.locator(".said").all_inner_texts()[1] == f"code-two heard: {slowly(8)}"
    other.locator("#ask-question").fill("still being typed")
    one.get_by_role("button", name="This one is better").first.click()
    expect(there.first.locator(".badge")).to_have_text("✓ better")
    one.locator("#rename summary").click()
    one.get_by_label("Title").fill("Seen twice")
    one.get_by_label("Title").press("Enter")
    expect(other.locator("#title")).to_have_text("Seen twice")
    expect(other.locator("#ask-question")).to_have_value("still being typed")


def test_an_old_state_that_comes_late_is_not_shown(visitor: Visitor) -> None:
    page = visitor.begun(arms=1)
    late: list[tuple[Route, APIResponse]] = []
    page.route("**/ask/", lambda route: late.append((route, route.fetch())))
    page.fill("#ask-question", slowly(3))
    page.press("#ask-question", "Enter")
    page.keyboard.type("typed meanwhile")
    said = answered(page.locator(".turn")).locator(".said")
    expect(said).to_contain_text("word2")
    ((route, response),) = late
    assert 'aria-busy="true"' in response.text()
    route.fulfill(response=response)
    expect(page.locator("#ask-question")).to_have_value("typed meanwhile")
    expect(said).to_contain_text("word2")
    assert page.locator("[aria-busy]").count() == 0


def test_a_tab_in_the_background_catches_up(visitor: Visitor) -> None:
    one = visitor.begun(arms=1)
    other = visitor.tab(one.url)
    other.evaluate(HIDDEN, True)
    answered(ask(one, "meanwhile"))
    other.evaluate(HIDDEN, False)
    expect(other.locator(".said")).to_have_text("code-one heard: meanwhile")


def test_a_long_context_is_folded(browser: Browser, playground: Served) -> None:
    text = "A sentence about many a thing that happened long ago. " * 371
    text = text[:19_999] + "!"
    with visiting(browser, playground.url, "phone") as visitor:
        page = visitor.begun(arms=1)
        turn = ask(page, "what about it", text)
        assert "does not read the context" in answered(turn).inner_text()
        folded = turn.locator("details.context")
        expect(folded.locator("summary")).to_contain_text("20,000 characters")
        expect(folded.locator(".passage")).to_be_hidden()
        assert turn.bounding_box()["height"] < 844  # type: ignore[index]
        assert page.evaluate(TOO_WIDE) == []
        folded.locator("summary").click()
        expect(folded.locator(".passage")).to_have_text(text)
        assert page.evaluate(TOO_WIDE) == []
        expect(page.locator("#ask-context")).to_have_value(text)  # for the next question about it
        page.type("#ask-question", "and now")
        page.press("#ask-context", "End")
        page.keyboard.type("?")
        expect(page.locator("#ask-context")).to_have_value(text + "?")
