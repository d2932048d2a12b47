from __future__ import annotations

from harness.playground.answering.messages import Done, Failed, storable


def test_what_a_worker_says_can_be_stored_in_any_database() -> None:
    settings = {"stop\0": ["a\0", {"b": "\udcff"}], "seed": 3, "none": None}
    done = Done(1, "a\0b \U0001f642", 2, 0.5, False, settings, ("n\0",))
    assert storable(done) == Done(
        1,
        "a\ufffdb \U0001f642",
        2,
        0.5,
        False,
        {"stop\ufffd": ["a\ufffd", {"b": "\ufffd"}], "seed": 3, "none": None},
        ("n\ufffd",),
    )
    assert storable(Failed(1, "no file \udcff")) == Failed(1, "no file \ufffd")
