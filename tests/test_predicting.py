"""Answers from the command line, with a stand-in for the loaded arm; once with a real one."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.cli import main
from harness.data import Item
from harness.generation import Prediction
from harness.predictions import read_predictions

JSONL = """{"id": "a", "question": "where is Mola", "context": "in Tarn.", "answers": ["Tarn"]}
{"id": "b", "question": "who", "context": "red", "answers": ["blue"]}
"""


class Echo:
    """Answers with the last word of the context."""

    name = "echo"
    settings = SimpleNamespace(fields={"question": "Frage", "answers": "Antwort"})

    def answers(
        self, items: Sequence[Item], on_step: Callable[[int, int], None]
    ) -> list[Prediction]:
        on_step(len(items), len(items))
        return [Prediction(i.id, i.fields["context"].split()[-1].strip("."), 1) for i in items]


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr("harness.predicting.load_arm", lambda run, **options: Echo())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.jsonl").write_text(JSONL)
    return tmp_path


def test_a_file_of_questions(echo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "any", "--input", "in.jsonl", "--output", "out/answers.json"]) == 0
    assert json.loads(Path("out/answers.json").read_text()) == {"a": "Tarn", "b": "red"}
    printed = capsys.readouterr()
    assert printed.out.startswith("EM 50.0  F1 50.0")
    assert "2 answers" in printed.err


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("Frage,context\nwhere,in Tarn\n", []),  # the run's own columns
        ("q,context\nwhere,in Tarn\n", ["--column", "question=q"]),
    ],
)
def test_questions_without_answers(
    echo: Path, capsys: pytest.CaptureFixture[str], text: str, options: list[str]
) -> None:
    Path("in.csv").write_text(text)
    assert main(["predict", "any", "--input", "in.csv", "--output", "out.csv", *options]) == 0
    assert dict(read_predictions(Path("out.csv")).answers) == {"test-1": "Tarn"}
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "without reference answers" in printed.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--input", "in.jsonl"], "--output FILE"),
        (["q", "--input", "in.jsonl", "--output", "x.csv"], "not clear"),
        (["--input", "in.jsonl", "--output", "x.txt"], ".parquet"),
        (["--input", "none.jsonl", "--output", "x.csv"], "--input"),
        (["--input", "odd.csv", "--output", "x.csv"], "--column question=COLUMN"),
    ],
)
def test_wrong_input_is_explained(
    echo: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    Path("odd.csv").write_text("a,b\n1,2\n")
    assert main(["predict", "any", *arguments]) == 2
    printed = capsys.readouterr().err
    assert expected in printed
    assert "answers," not in printed  # no column that the file has not
    assert not list(echo.glob("x.*"))


def test_an_interruption_leaves_what_was_there(echo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Echo, "answers", interrupted)
    Path("out.json").write_text("before")
    assert main(["predict", "any", "--input", "in.jsonl", "--output", "out.json"]) == 130
    assert {p.name: p.read_text() for p in echo.glob("*out*")} == {"out.json": "before"}


def test_a_field_is_given_once_and_has_a_place(
    tiny_ablation: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tiny_ablation)
    ask = ["predict", "tiny/t5/whole", "where"]
    assert main([*ask, "--context", "the river"]) == 0
    expected = capsys.readouterr().out
    assert main([*ask, "--field", "context=the river"]) == 0
    assert capsys.readouterr().out == expected
    for wrong, told in (
        (["--context", "a", "--field", "context=b"], "given twice"),
        (["--field", "question=b"], "given twice"),
        (["--context", "a", "--field", "contxt=b"], "did you mean 'context'?"),
    ):
        assert main([*ask, *wrong]) == 2
        assert told in capsys.readouterr().err


def test_a_file_without_a_field_of_the_prompt(
    tiny_ablation: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tiny_ablation)
    (tmp_path / "in.csv").write_text("question,passage\nwhere,the river\n")
    output = tmp_path / "out.csv"
    ask = ["predict", "tiny/t5/whole", "--input", str(tmp_path / "in.csv"), "--output", str(output)]
    assert main(ask) == 2
    assert "--column FIELD=COLUMN" in capsys.readouterr().err
    assert not output.exists()
    assert main([*ask, "--column", "context=passage"]) == 0


def test_one_answer_alone_is_printed(
    tiny_ablation: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from harness.trained import load_arm

    monkeypatch.chdir(tiny_ablation)
    expected = load_arm("tiny/t5/whole").answer("where", "the river")
    capsys.readouterr()
    assert main(["predict", "tiny/t5/whole", "where", "--context", "the river"]) == 0
    assert capsys.readouterr().out == f"{expected}\n"
