from __future__ import annotations

from harness.playground.live import Live


def events(live: Live, conversation: int, position: str) -> list[tuple[str, dict[str, object]]]:
    return [(one.event, dict(one.data)) for one in live.since(conversation, position)]


def test_a_page_misses_nothing_from_its_position_on() -> None:
    live = Live()
    live.tell(1, "turn", 5, turn=5)
    position = live.position
    assert live.since(1, position) == []
    live.tell(1, "text", 7, text="a")
    live.tell(2, "text", 8, text="other")
    live.tell(1, "loading", 9, what="x")
    assert events(live, 1, position) == [("text", {"text": "a"}), ("loading", {"what": "x"})]
    assert live.since(1, live.at(live.since(1, position)[-1])) == []


def test_only_the_newest_of_a_kind_is_told() -> None:
    live = Live()
    position = live.position
    for text in ("a", "ab", "abc"):
        live.tell(1, "text", 7, text=text)
    assert events(live, 1, position) == [("text", {"text": "abc"})]


def test_an_ended_answer_has_no_text_in_the_making_any_more() -> None:
    live = Live()
    position = live.position
    live.tell(1, "text", 7, text="ab")
    live.tell(1, "text", 8, text="other answer")
    live.ended(1, 5, 7)
    assert events(live, 1, position) == [("text", {"text": "other answer"}), ("turn", {"turn": 5})]


def test_of_a_deleted_conversation_nothing_else_is_left() -> None:
    live = Live()
    position = live.position
    live.tell(1, "text", 7, text="ab")
    live.tell(1, "gone")
    assert events(live, 1, position) == [("gone", {})]


def test_a_position_of_another_server_asks_for_a_new_start() -> None:
    earlier, live = Live(), Live()
    live.tell(1, "turn", 5, turn=5)
    for position in (earlier.position, "", "x", live.position.split("-")[0] + "-x"):
        assert events(live, 1, position) == [("restart", {})]


def test_a_position_that_is_no_number_asks_for_a_new_start() -> None:
    live = Live()
    live.tell(1, "turn", 5, turn=5)
    server = live.position.split("-")[0]
    for number in ("\u00b2", "9" * 5000, "-1", ""):
        assert events(live, 1, f"{server}-{number}") == [("restart", {})]
