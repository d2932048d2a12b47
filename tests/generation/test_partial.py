"""Answers so far: what is in the file while a run generates, and that it goes away."""

from __future__ import annotations

import json
from pathlib import Path

from harness.generation import PartialAnswers, Prediction


def _answers(*numbers: int) -> list[Prediction]:
    return [Prediction(f"q{number}", f"東京\n{number}", number) for number in numbers]


def _items(path: Path) -> list[str]:
    return [json.loads(line)["item"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_answers_are_written_after_every_so_many(tmp_path: Path) -> None:
    partial = PartialAnswers(tmp_path / "new" / "a.jsonl", every=3)
    partial.add(_answers(1, 2))
    assert not partial.path.exists()
    partial.add(_answers(3, 4))
    assert _items(partial.path) == ["q1", "q2", "q3", "q4"]
    partial.add(_answers(5))
    assert len(_items(partial.path)) == 4
    partial.add(_answers(6, 7))
    assert _items(partial.path) == [f"q{number}" for number in range(1, 8)]
    first = json.loads(partial.path.read_text(encoding="utf-8").splitlines()[0])
    assert first == {"item": "q1", "prediction": "東京\n1", "new_tokens": 1}
    PartialAnswers(partial.path, every=1).add(_answers(9))
    assert _items(partial.path) == ["q9"], "a new attempt begins anew"


def test_the_last_one_that_is_removed_takes_the_folder_along(tmp_path: Path) -> None:
    names = ("a b / seed 0", "a-b / seed 0")
    one, other = (PartialAnswers.of_run(tmp_path / "partial", name, 1) for name in names)
    assert one.path != other.path
    for partial in (one, other):
        partial.add(_answers(1))
    one.remove()
    assert _items(other.path) == ["q1"]
    other.remove()
    assert not (tmp_path / "partial").exists()
    other.remove()
