"""The command line: exit codes, and one clear message for each kind of wrong input."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli import main

ROOT = Path(__file__).parents[1]
BROKEN = "\n{"
QUICKSTART = str(ROOT / "experiments" / "quickstart.yaml")


def _write(path: Path, content: str | bytes) -> str:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def _records(n: int, **changed: object) -> list[dict[str, object]]:
    return [
        {
            "id": f"q{i}",
            "question": f"who is {i}",
            "answers": "me",
            "context": "a",
            "title": f"t{i}",
        }
        | changed
        for i in range(n)
    ]


def _wrong_model_folder(tmp_path: Path) -> str:
    folder = tmp_path / "model"
    folder.mkdir()
    return f"base.model.name={folder}"


Arguments = Callable[[Path], list[str]]
WRONG: dict[str, tuple[Arguments, list[str]]] = {
    "missing file": (lambda p: [str(p / "no.yaml")], ["cannot be read", "no.yaml", "fix:"]),
    "bad YAML": (lambda p: [_write(p / "e.yaml", "a: [1")], ["not YAML", "e.yaml, line"]),
    "unknown key": (
        lambda p: [QUICKSTART, "--set", "base.training.epoch=2"],
        ["unknown key 'epoch'", "--set base.training.epoch", "did you mean 'epochs'"],
    ),
    "wrong type": (
        lambda p: [QUICKSTART, "--set", "base.training.epochs=[1]"],
        ["base.training.epochs", "found:   [1]"],
    ),
    "level that changes nothing": (
        lambda p: [QUICKSTART, "--set", "factors.precision.treatments.nf4={}"],
        ["changes nothing", "factors.precision", "fix:"],
    ),
    "unknown slice": (
        lambda p: [QUICKSTART, "--set", "analysis.slices=[question_wrod]"],
        ["question_wrod", "analysis.slices", "did you mean 'question_word'"],
    ),
    "unknown field in a template": (
        lambda p: [QUICKSTART, "--set", "base.prompt.template={questoin}"],
        ["questoin", "question"],
    ),
    "duplicate ids": (
        lambda p: [
            QUICKSTART,
            "--set",
            f"base.data.test.file={_write(p / 'd.json', json.dumps(_records(3, id='same')))}",
        ],
        ["same", "d.json"],
    ),
    "empty split": (
        lambda p: [QUICKSTART, "--set", f"base.data.test.file={_write(p / 'd.json', '[]')}"],
        ["d.json"],
    ),
    "broken row": (
        lambda p: [
            QUICKSTART,
            "--set",
            f"base.data.test.file={_write(p / 'd.jsonl', json.dumps(_records(1)[0]) + BROKEN)}",
        ],
        ["d.jsonl", "line 2"],
    ),
    "a model folder that is none": (
        lambda p: [QUICKSTART, "--set", _wrong_model_folder(p)],
        ["not a model folder", "config.json"],
    ),
    "a model on a hub that cannot be reached": (
        lambda p: [QUICKSTART, "--set", "base.model.name=google/t5-v1_1-small"],
        ["hub cannot be reached", "--set base.model.name="],
    ),
    "data on a hub that cannot be reached": (
        lambda p: [QUICKSTART, "--set", "base.data.source=rajpurkar/squad"],
        ["hub", "reached", "base.data.train.file="],
    ),
    "an output folder that cannot be written": (
        lambda p: [QUICKSTART, "--output", _write(p / "file", "") + "/results"],
        ["output folder cannot be written", "allowed:"],
    ),
    "a tracking store that cannot be opened": (
        lambda p: [QUICKSTART, "--tracking-uri", f"sqlite:///{_write(p / 'file', '')}/mlflow.db"],
        ["tracking store cannot be opened", "fix:"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_one_message_and_exit_code_2(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    arguments, parts = WRONG[case]
    assert main(["ablation", *arguments(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("error: ") == 1
    assert "Traceback" not in printed.err
    for part in parts:
        assert part in printed.err
    left = [path for path in work.rglob("*") if path.is_file()]
    assert left == [], "nothing may be written for an experiment that cannot run"


def test_plan_shows_runs_and_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["plan", QUICKSTART, "--set", "seeds=[0,1]"]) == 0
    shown = capsys.readouterr().out
    for part in (
        "4 arms × 2 seeds (0, 1) = 8 runs",
        "0 of 8 are finished",
        "question+context / nf4 / seed 1",
        "precision: nf4 vs full: non_inferior with margin 3 points (F1)",
        "smallest detectable effect: about",
    ):
        assert part in shown
    assert list(tmp_path.iterdir()) == []


def test_plan_of_hub_data_says_what_it_cannot_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["plan", str(ROOT / "experiments" / "squad_context.yaml")]) == 0
    shown = capsys.readouterr().out
    assert "2 arms × 3 seeds" in shown
    assert "unknown: the hub cannot be reached" in shown


def test_a_finer_design_detects_smaller_effects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def detectable(*assignments: str) -> float:
        sets = [part for one in assignments for part in ("--set", one)]
        assert main(["plan", QUICKSTART, *sets]) == 0
        shown = capsys.readouterr().out
        return float(shown.split("smallest detectable effect: about ")[1].split()[0])

    monkeypatch.chdir(tmp_path)
    assert detectable("data.test.limit=50") > detectable() > detectable("analysis.alpha=0.2")


def test_python_dash_m_and_help_answer_without_heavy_imports() -> None:
    code = (
        "import sys\nfrom harness.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print('torch' in sys.modules or 'mlflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "False"
    version = [sys.executable, "-m", "harness", "--version"]
    assert subprocess.run(version, cwd=ROOT, capture_output=True, text=True).stdout.startswith(
        "harness"
    )
