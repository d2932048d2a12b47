"""What a turn shows, and above all what it does not show before a blind vote."""

from __future__ import annotations

import pytest

from tests.playground.fakes import ARMS, ITEMS

SECRETS = (
    *(text for arm in ARMS for text in (arm.name, arm.label, arm.key, arm.run_id, "tiny_t5")),
    *("4,321", "4321", "98.7", "tokens", "a note on it", "the template", "EM ", "F1 "),
)


def shown(client, turn) -> str:
    return client.get(f"/turns/{turn.pk}/").content.decode()


@pytest.mark.parametrize(
    "statuses", [("done", "stopped", "failed"), ("done", "answering", "waiting")]
)
def test_an_unnamed_turn_tells_nothing_of_its_arms(client, make, statuses) -> None:
    turn = make(("Mola", "Tarn", ""), statuses, blind=True, item=ITEMS[0])
    html = shown(client, turn)
    assert [secret for secret in SECRETS if secret in html] == []
    for letter in "ABC":
        assert f"Answer {letter}" in html
    assert ("This answer failed." in html) == ("failed" in statuses)


def test_the_vote_names_the_arms(client, make) -> None:
    turn = make(("Mola", "Tarn"), blind=True, item=ITEMS[0])
    preferred = turn.answers.all()[1]
    client.post(f"/turns/{turn.pk}/vote/", {"preferred": preferred.pk})
    html = shown(client, turn)
    for secret in (ARMS[0].name, ARMS[1].name, "4,321 tokens", "98.7 s", "43.8 tokens/s"):
        assert secret in html
    assert html.count("✓ better") == 1
    assert "This one is better" not in html  # it is final
    assert "Answer A:" in html


def test_where_no_vote_is_possible_any_more_nothing_is_hidden(client, make) -> None:
    html = shown(client, make(("Mola", ""), ("done", "failed"), blind=True))
    assert "tiny_t5 does not fit" in html
    assert ARMS[0].name in html


def test_scores_are_those_of_the_metrics(client, make) -> None:
    html = shown(client, make(("in Mola", "a town, Mola"), item=ITEMS[0]))
    # SQuAD: normalized tokens; of "town mola" and "mola" precision 1/2, recall 1, F1 2/3
    assert "EM 100.0" in html
    assert "F1 100.0" in html
    assert "EM 0.0" in html
    assert "F1 66.7" in html
    assert "F1" not in shown(client, make(("in Mola", "Mola")))


@pytest.mark.parametrize(
    ("status", "said", "again"),
    [
        ("waiting", "waits in the queue", False),
        ("answering", "answering", False),
        ("stopped", "stopped", True),
        ("interrupted", "the playground ended before this answer did", True),
        ("failed", "tiny_t5 does not fit", True),
    ],
)
def test_every_state_is_said_in_words(client, make, status: str, said: str, again: bool) -> None:
    html = shown(client, make(("so far",), (status,)))
    assert said in html
    assert ("/again/" in html) is again
    assert ("/stop/" in html) is not again
    assert ("aria-busy" in html) is not again


def test_an_answer_without_a_word_is_seen(client, make) -> None:
    assert "(empty answer)" in shown(client, make(("",), ("done",)))
    assert "(empty answer)" not in shown(client, make(("",), ("answering",)))


def test_settings_are_shown_without_those_that_are_not_set(client, make) -> None:
    turn = make(("one",), ("done",))
    settings = {"decoding": {"num_beams": 4, "top_k": None, "stop": ["\n", "é"], "greedy": False}}
    turn.answers.update(settings=settings)
    html = shown(client, turn)
    for name, value in (
        ("num beams", "4"),
        ("stop", "&quot;\\n&quot;, &quot;é&quot;"),
        ("greedy", "no"),
    ):
        assert f"<dt>decoding {name}</dt>" in html
        assert f">{value}</dd>" in html
    assert "top k" not in html


@pytest.mark.parametrize(("length", "folded"), [(400, False), (20_000, True)])
def test_a_long_context_is_folded_away(client, make, length: int, folded: bool) -> None:
    html = shown(client, make(context="x" * length))
    assert ('<details class="context"' in html) is folded
    assert html.count("x" * length) == 1


def test_whatever_is_typed_or_said_is_text(client, make) -> None:
    script = "<script>alert(1)</script>"
    turn = make((script, script), question=script, context=script, fields={script: script})
    turn.answers.update(
        arm_name=script, notes=[script], settings={script: script}, error=script, status="done"
    )
    html = shown(client, turn)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 10


def test_short_times_are_in_milliseconds_and_without_a_rate(client, make) -> None:
    turn = make(("Mola", "Tarn"))
    turn.answers.update(new_tokens=4, seconds=0.0234)
    html = shown(client, turn)
    assert "23 ms" in html
    assert "tokens/s" not in html
