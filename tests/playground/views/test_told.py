"""Errors taken apart are as the harness writes them."""

from __future__ import annotations

from harness.errors import InputError
from harness.playground.views.told import told


def test_an_input_error_is_a_sentence_and_rows() -> None:
    error = InputError("it is full", where="/a: b", got=3, allowed="less", fix="one\ntwo")
    assert told(str(error)) == (
        "it is full",
        (("where", "/a: b"), ("found", "3"), ("allowed", "less"), ("fix", "one\ntwo")),
    )


def test_any_other_text_stays_whole() -> None:
    assert told("first\nwhere: second").what == "first\nwhere: second"
    assert told("") == ("", ())
