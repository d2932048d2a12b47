"""Answers of a run that is still generating, in a file that can be looked at meanwhile.

For people only: a run that goes on after an interruption answers all its items again, and
nothing is read back from here.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from harness.generation.generate import Prediction

__all__ = ["PartialAnswers"]


class PartialAnswers:
    """A JSON-lines file of item, prediction and number of new tokens.

    Parameters
    ----------
    path : Path
        Made, with its folder, when there is something to write; an older one is replaced.
    every : int
        Answers that are gathered before they are written.
    """

    def __init__(self, path: Path, every: int) -> None:
        self.path, self._every = path, every
        self._waiting: list[Prediction] = []
        self._begun = False

    @classmethod
    def of_run(cls, folder: Path, name: str, every: int) -> Self:
        """The file of a run, by a name that a file can have and that no other run has."""
        readable = re.sub(r"[^\w.+-]+", "-", name)[:80]
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        return cls(folder / f"{readable}-{digest}.jsonl", every)

    def add(self, answers: Sequence[Prediction]) -> None:
        """Take more answers, and write those that are waiting once they are enough."""
        self._waiting += answers
        if len(self._waiting) < self._every:
            return
        lines = [
            json.dumps(
                {"item": one.item_id, "prediction": one.text, "new_tokens": one.new_tokens},
                ensure_ascii=False,
            )
            for one in self._waiting
        ]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a" if self._begun else "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
        self._begun, self._waiting = True, []

    def remove(self) -> None:
        """Remove the file, and its folder when it was the last one in it."""
        self.path.unlink(missing_ok=True)
        folder = self.path.parent
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
