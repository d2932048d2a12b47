"""What is exported: complete, valid whatever was typed, and read by the harness as a data set."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from harness.data import load_dataset
from harness.experiment.data import Data

pytestmark = pytest.mark.usefixtures("database")

HOSTILE = '"quoted"\r\nnew line\u2028<script>alert(1)</script>\x00\\ 🦊, ü; \'=1+1'
ANSWERS = {"plain": "red", "full": "blue"}


def rows_of_turns() -> list[dict[str, Any]]:
    from harness.playground.exporting import as_jsonl
    from harness.playground.models import Conversation

    pieces = list(as_jsonl(Conversation.objects.order_by("pk")))
    assert all(piece.endswith("\n") and piece.count("\n") == 1 for piece in pieces)
    return [json.loads(piece) for piece in pieces]


def conversations() -> list[dict[str, Any]]:
    from harness.playground.exporting import as_json
    from harness.playground.models import Conversation

    text = joined(as_json(Conversation.objects.order_by("pk")))
    return json.loads(text)


def joined(pieces: Iterable[str]) -> str:
    """What a browser gets; encoding fails on what is no character."""
    return b"".join(piece.encode() for piece in pieces).decode()


def test_json_holds_all_that_is_stored() -> None:
    from harness.playground.models import Answer, Conversation, Turn, Vote
    from tests.playground.stored import asked, begun, voted

    settings = {"prompt": "{question}", "seed": 7}
    turn = asked(
        begun(blind=True, decoding={"method": "beams", "num_beams": 3}),
        ANSWERS,
        context="Mola is red.",
        fields={"style": "short"},
        item_id="test-7",
        references=["red", "Red"],
    )
    turn.answers.filter(place=1).update(
        status="failed", error="no memory", notes=["A note."], settings=settings, new_tokens=3,
        seconds=0.25,
    )  # fmt: skip
    voted(turn, "plain", blind=True)
    [found] = conversations()
    [of_turn] = found["turns"]
    first, second = of_turn["answers"]
    assert (first["arm"], first["run_id"], first["text"]) == ("plain", "r-plain", "red")
    assert second == {
        "arm": "full", "run_id": "r-full", "status": "failed", "text": "blue", "new_tokens": 3,
        "seconds": 0.25, "settings": settings, "notes": ["A note."], "error": "no memory",
    }  # fmt: skip
    assert of_turn["vote"] == {
        "preferred": "plain", "blind": True, "created": Vote.objects.get().created.isoformat()
    }  # fmt: skip
    assert found["created"].endswith("+00:00")
    # a field added to a model is either exported or left out here on purpose
    inner = {
        "id", "conversation", "turn", "turns", "answers", "vote", "searchable", "place", "arm_key",
        "owner",
    }  # fmt: skip
    renamed = {"item_id": "item", "arm_name": "arm"}
    for model, tree in ((Conversation, found), (Turn, of_turn), (Answer, second)):
        names = {field.name for field in model._meta.get_fields()} - inner
        assert {renamed.get(name, name) for name in names} <= set(tree)


def test_a_blind_turn_without_a_vote_is_exported_like_others() -> None:
    from tests.playground.stored import asked, begun

    asked(begun(blind=True), ANSWERS)
    [turn] = conversations()[0]["turns"]
    assert turn["vote"] is None
    assert [answer["arm"] for answer in turn["answers"]] == ["plain", "full"]


def test_no_difference_prefers_nobody() -> None:
    from tests.playground.stored import asked, begun, voted

    voted(asked(begun(), ANSWERS), None)
    assert conversations()[0]["turns"][0]["vote"]["preferred"] == ""
    assert rows_of_turns() == []


def test_a_row_has_the_references_or_else_the_preferred_answer() -> None:
    from tests.playground.stored import asked, begun, voted

    conversation = begun("About Mola")
    referenced = asked(conversation, ANSWERS, references=["green", " "], context="It is green.")
    voted(referenced, "full")
    preferred = asked(conversation, ANSWERS, fields={"style": "short"})
    voted(preferred, "full")
    asked(conversation, ANSWERS)  # no vote
    voted(asked(conversation, {"plain": "red", "full": " "}), "full")  # a blank answer
    voted(asked(conversation, ANSWERS, question=" ", fields={"style": "long"}), "full")
    common = {"question": "Who built Mola?", "conversation": "About Mola"}
    assert rows_of_turns() == [
        {
            "id": f"turn-{referenced.pk}", "context": "It is green.", "answers": ["green"],
            "answers_from": "reference", **common,
        },
        {
            "id": f"turn-{preferred.pk}", "context": "", "answers": ["blue"],
            "answers_from": "vote", "style": "short", **common,
        },
    ]  # fmt: skip


def test_a_rows_own_keys_win_over_fields_called_like_them() -> None:
    from tests.playground.stored import asked, begun

    fields = {"id": "1", "answers": "x", "context": "x", "conversation": "x", "answer": "kept"}
    turn = asked(begun(), ANSWERS, references=["red"], fields=fields)
    [row] = rows_of_turns()
    assert (row["id"], row["answers"], row["context"]) == (f"turn-{turn.pk}", ["red"], "")
    assert (row["conversation"], row["answer"]) == ("Mola", "kept")


def test_the_rows_are_a_data_set(tmp_path: Path) -> None:
    from harness.playground.exporting import as_jsonl
    from harness.playground.models import Conversation
    from tests.playground.stored import asked, begun, voted

    conversation = begun(HOSTILE[:100])
    first = asked(conversation, {}, question=HOSTILE, context=HOSTILE, references=[HOSTILE, "a"])
    other = asked(conversation, ANSWERS, fields={"style": HOSTILE})
    voted(other, "plain")
    file = tmp_path / "rows.jsonl"
    file.write_text(joined(as_jsonl(Conversation.objects.all())), encoding="utf-8", newline="")
    place = {"file": str(file)}
    found = load_dataset(Data.model_validate({"train": place, "test": place})).test
    assert [item.id for item in found] == [f"turn-{first.pk}", f"turn-{other.pk}"]
    assert found[0].fields["question"] == found[0].fields["context"] == HOSTILE
    assert found[0].answers == (HOSTILE, "a")
    assert found[1].answers == ("red",)
    assert found[1].fields["style"] == HOSTILE
    assert found[0].fields["style"] == ""


def test_an_experiment_is_planned_on_the_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from harness.cli import main
    from harness.playground.exporting import as_jsonl
    from harness.playground.models import Conversation
    from tests.playground.stored import asked, begun
    from tests.small import EXPERIMENT

    for number in range(4):
        asked(begun(), {}, question=f"Who built Mola {number}?", references=[str(number)])
    monkeypatch.chdir(tmp_path)
    Path("rows.jsonl").write_text(joined(as_jsonl(Conversation.objects.all())), encoding="utf-8")
    text = EXPERIMENT.replace("    source: embedded:invented_world\n", "")
    for role in ("train", "test"):
        text = text.replace(
            f"{role}: {{split: {role}, limit:", f"{role}: {{file: rows.jsonl, limit:"
        )
    Path("small.yaml").write_text(text)
    assert main(["plan", "small.yaml"]) == 0
    assert "4 test" in capsys.readouterr().out


def test_json_is_valid_whatever_is_stored() -> None:
    """A JSON column takes half a surrogate pair, which UTF-8 has not."""
    from tests.playground.stored import asked, begun

    asked(
        begun(HOSTILE[:100]),
        {"plain": HOSTILE},
        question=HOSTILE,
        references=["\ud83e", "🦊"],
        fields={"style\udd8a": HOSTILE},
    )
    [turn] = conversations()[0]["turns"]
    assert turn["question"] == turn["answers"][0]["text"] == HOSTILE
    assert turn["references"] == ["\ufffd", "🦊"]
    assert turn["fields"] == {"style\ufffd": HOSTILE}
    assert rows_of_turns()[0]["answers"] == ["\ufffd", "🦊"]


def test_nothing_is_an_empty_list() -> None:
    from harness.playground.exporting import votes_csv, votes_json
    from harness.playground.models import Vote

    assert conversations() == rows_of_turns() == []
    assert json.loads(joined(votes_json(Vote.objects.all()))) == []
    assert joined(votes_csv(Vote.objects.all())).count("\r\n") == 1


def votes() -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """As JSON and as CSV."""
    from harness.playground.exporting import votes_csv, votes_json
    from harness.playground.models import Vote

    table = io.StringIO(joined(votes_csv(Vote.objects.all())), newline="")
    return json.loads(joined(votes_json(Vote.objects.all()))), list(csv.DictReader(table))


def test_a_vote_is_a_row() -> None:
    from tests.playground.stored import asked, begun, voted

    turn = asked(begun(), ANSWERS)
    vote = voted(turn, "full", blind=True)
    voted(asked(begun(), ANSWERS), None)
    as_trees, as_rows = votes()
    assert as_trees[0] == {
        "conversation": "Mola", "turn": turn.pk, "time": vote.created.isoformat(),
        "question": "Who built Mola?", "preferred": "full", "blind": True,
        "arms": [{"name": name, "run_id": f"r-{name}"} for name in ANSWERS],
    }  # fmt: skip
    assert as_rows[0] == {
        "conversation": "Mola", "turn": str(turn.pk), "time": vote.created.isoformat(),
        "question": "Who built Mola?", "preferred": "full", "blind": "yes",
        "arms": "plain | full", "run_ids": "r-plain | r-full",
    }  # fmt: skip
    assert [row["preferred"] for row in as_trees] == ["full", ""]
    assert [(row["preferred"], row["blind"]) for row in as_rows] == [("full", "yes"), ("", "no")]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_spreadsheet_gets_no_formula(text: str) -> None:
    from tests.playground.stored import asked, begun, voted

    voted(asked(begun(text), {text: "", "b": ""}, question=text), text)
    [[tree], [row]] = votes()
    assert [row[name] for name in ("conversation", "question", "preferred")] == ["'" + text] * 3
    assert row["arms"] == f"'{text} | b"
    assert tree["question"] == text


def test_hostile_texts_keep_their_cells() -> None:
    from tests.playground.stored import asked, begun, voted

    voted(asked(begun(), ANSWERS, question=HOSTILE), "full")
    assert votes()[1][0]["question"] == HOSTILE


@pytest.mark.parametrize("form", ["as_json", "as_jsonl", "votes_json", "votes_csv"])
def test_more_conversations_take_no_more_queries(form: str) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from harness.playground import exporting
    from harness.playground.models import Conversation, Vote
    from tests.playground.stored import asked, begun, voted

    rows = Vote.objects if form.startswith("votes") else Conversation.objects
    counted = []
    for _ in range(2):
        voted(asked(begun(), ANSWERS), "full")
        asked(begun(), ANSWERS)
        with CaptureQueriesContext(connection) as queries:
            list(getattr(exporting, form)(rows.all()))
        counted.append(len(queries))
    assert counted[0] == counted[1]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Who built Mola?", "playground-who-built-mola.json"),
        ("../../etc/passwd\r\nX: y", "playground-etc-passwd-x-y.json"),
        ("Größe der Fähre", "playground-grosse-der-fahre.json"),
        ("🦊 谁", "playground.json"),
        ("long " * 40, "playground-long-long-long-long-long-long-long-long-long-lon.json"),
    ],
)
def test_a_files_name_is_short_and_plain(title: str, expected: str) -> None:
    from harness.playground.exporting import file_name

    assert file_name(title, "json") == expected
