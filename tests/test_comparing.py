"""Predictions from files: paired by id, compared like arms, and nothing left out in silence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from harness.cli import main

N_ARTICLES, PER_ARTICLE = 12, 10


def items() -> list[dict[str, Any]]:
    return [
        {
            "id": f"q{a}-{i}",
            "question": f"who is {i} of {a}",
            "answers": f"mola {a} {i}",
            "title": f"Region {a}",
            "context": f"In {a} lives mola {a} {i}.",
        }
        for a in range(N_ARTICLES)
        for i in range(PER_ARTICLE)
    ]


def answers(every: int, shift: int = 0) -> dict[str, str]:
    """Right but for each `every`-th item."""
    return {
        one["id"]: "tarn" if (n + shift) % every == 0 else one["answers"]
        for n, one in enumerate(items())
    }


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "refs.json").write_text(json.dumps(items()))
    for name, every, shift in (("a0", 3, 0), ("a1", 3, 1), ("b0", 7, 0), ("b1", 7, 2)):
        (tmp_path / f"{name}.json").write_text(json.dumps(answers(every, shift)))
    return tmp_path


Compare = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def compare(work: Path) -> Compare:
    def compare(*options: str, code: int = 0) -> list[dict[str, Any]]:
        assert main(["compare", "--references", "refs.json", *options]) == code
        if code:
            return []
        entries = json.loads(Path("results/comparison/comparisons.json").read_text())
        return [entry for entry in entries if not entry["exploratory"]]

    return compare


def given(*places: str) -> list[str]:
    return [word for place in places for word in ("--predictions", place)]


ONE_EACH = given("a=a0.json", "b=b0.json")


def test_one_file_each(compare: Compare, capsys: pytest.CaptureFixture[str]) -> None:
    (entry,) = compare(*ONE_EACH, "--claim", "better", "--metric", "em")
    assert (entry["control_mean"], entry["treatment_mean"]) == pytest.approx((200 / 3, 85))
    assert entry["contrast"] == "system: b vs a"
    assert (entry["scope"], entry["n_items"], entry["n_clusters"]) == ("checkpoints", 120, 12)
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("[better] b is better than a: EM 85.0 vs 66.7, +18.3 points")
    assert out[-1] == "report: results/comparison/report.html"


def test_the_same_name_again_is_another_seed(compare: Compare) -> None:
    places = given("a=a0.json", "b=b0.json", "a=a1.json", "b=b1.json")
    (entry,) = compare(*places, "--control", "b")
    assert entry["contrast"] == "system: a vs b"
    assert (entry["scope"], entry["n_seeds"]) == ("recipe", 2)
    assert entry["estimate"] < -15
    html = Path("results/comparison/report.html").read_text()
    assert "120 items in 12 clusters (by “title”)" in html
    for what_nobody_knows in ("was written down before", "Declared hyp", "Not declared before"):
        assert what_nobody_knows not in html
    table = pd.read_parquet("results/comparison/scores.parquet")
    assert len(table) == 2 * 2 * 120


def test_ids_that_do_not_match_are_counted_and_named(
    work: Path, compare: Compare, capsys: pytest.CaptureFixture[str]
) -> None:
    own = answers(7)
    del own["q0-1"], own["q3-3"]
    own["q99-0"] = "x"
    (work / "b0.json").write_text(json.dumps(own))
    (entry,) = compare(*ONE_EACH, "--metric", "em")
    assert entry["n_items"] == 118
    told = (
        "No prediction for 2 of 120 items, such as 'q0-1', 'q3-3', in b (b0.json); they are left"
        " out for all systems."
    )
    extra = "1 prediction whose id no item has, such as 'q99-0', in b (b0.json); not looked at."
    said = capsys.readouterr().err
    html = Path("results/comparison/report.html").read_text().replace("&#39;", "'")
    for text in (told, extra):
        assert text in said
        assert text in html
    (entry,) = compare(*ONE_EACH, "--metric", "em", "--missing", "empty")
    assert entry["n_items"] == 120
    assert entry["treatment_mean"] == pytest.approx(100 * (102 - 2) / 120)


def test_formats_may_be_mixed(work: Path, compare: Compare) -> None:
    given_answers = answers(7)
    frame = pd.DataFrame({"item": list(given_answers), "prediction": list(given_answers.values())})
    frame.to_parquet(work / "predictions.parquet")
    (entry,) = compare(*given("a=b0.json", "b=predictions.parquet"), "--metric", "em")
    assert entry["estimate"] == 0
    html = Path("results/comparison/report.html").read_text()
    assert "predictions of a run (Parquet)" in html
    assert "SQuAD predictions (JSON)" in html


def test_all_pairs_and_other_clusters(compare: Compare) -> None:
    places = given("a=a0.json", "b=b0.json", "c=b1.json")
    entries = compare(*places, "--pairs", "all", "--control", "b", "--clusters", "context")
    assert [e["contrast"] for e in entries] == [
        "system: a vs b",
        "system: c vs b",
        "system: c vs a",
    ]
    assert entries[0]["n_clusters"] == 120


def test_the_page_tells_of_the_items_and_of_no_training(compare: Compare) -> None:
    compare(*ONE_EACH)
    html = Path("results/comparison/report.html").read_text()
    assert '<h2 id="data">' in html
    assert "Lengths in words. question: test median" in html
    assert "Prompts and their limit" not in html
    assert '<h2 id="training">' not in html


def test_slices_by_name(compare: Compare) -> None:
    compare(*ONE_EACH, "--slices", "answer_length,title")
    html = Path("results/comparison/report.html").read_text()
    assert "Answer length" in html
    assert "Region 7" in html
    assert "Question word" not in html


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (given("a0.json", "b=b0.json"), ["need a name and a file", "a0.json", "NAME=FILE"]),
        (given("a=a0.json"), ["nothing to compare with", "at least two different names"]),
        ([*ONE_EACH, "--control", "bb"], ["none of the systems", "bb", "did you mean 'b'"]),
        ([*ONE_EACH, "--claim", "non_inferior"], ["non_inferior needs a margin", "--margin"]),
        ([*ONE_EACH, "--margin", "2"], ["different takes no margin", "--margin"]),
        (given("a=a0.json", "b=no.json"), ["no.json"]),
        (given("a=a0.json", "b=refs.json"), ["refs.json", "no known format"]),
        (given("a=a0.json", "b=other.json"), ["no prediction has the id", "'x1'", "'q0-0'"]),
        ([*ONE_EACH, "--claim", "equivalent", "--margin", "-5"], ["no margin", "at most 100"]),
        ([*ONE_EACH, "--claim", "equivalent", "--margin", "nan"], ["no margin", "nan"]),
        ([*ONE_EACH, *given("a=a1.json")], ["different numbers of files", "a: 2 files, b: 1 file"]),
        (given("a=a0.json", "b=b0.json", "a=a0.json", "b=b1.json"), ["given twice", "a0.json"]),
        ([*ONE_EACH, "--slices", "answer_seen"], ["needs training items", "--slices"]),
        ([*ONE_EACH, "--slices", "titel"], ["titel", "--slices", "did you mean 'title'"]),
        ([*ONE_EACH, "--clusters", "titel"], ["titel", "--clusters", "did you mean 'title'"]),
    ],
)
def test_what_cannot_be_compared_is_explained(
    options: list[str],
    parts: list[str],
    work: Path,
    compare: Compare,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (work / "other.json").write_text('{"x1": "one"}')
    compare(*options, code=2)
    printed = capsys.readouterr()
    for part in parts:
        assert part in printed.err
    assert "Traceback" not in printed.err
    assert not Path("results").exists()


def test_references_without_ids_are_told_to_have_them(
    work: Path, compare: Compare, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{k: v for k, v in one.items() if k != "id"} for one in items()]
    (work / "refs.json").write_text(json.dumps(rows))
    compare(*ONE_EACH, code=2)
    assert "add a column `id`" in capsys.readouterr().err


def test_no_item_that_all_have(
    work: Path, compare: Compare, capsys: pytest.CaptureFixture[str]
) -> None:
    (work / "a0.json").write_text('{"q0-0": "one"}')
    (work / "b0.json").write_text('{"q0-1": "one"}')
    compare(*ONE_EACH, code=2)
    assert "no item has a prediction of every system" in capsys.readouterr().err


def test_an_error_rate_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["compare", "--references", "r", *ONE_EACH, "--alpha", "5"])
    assert caught.value.code == 2
    assert "5 is not between 0.000001 and 0.5" in capsys.readouterr().err
