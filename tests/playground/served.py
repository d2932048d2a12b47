"""A whole playground in a process of its own, with a worker that loads no model."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

__all__ = ["Served", "command", "models", "served"]

ROOT = Path(__file__).parents[2]
_PATIENCE = 60


class Served(NamedTuple):
    """A playground that runs.

    Attributes
    ----------
    url : str
        Of its first page.
    process : Popen
    """

    url: str
    process: subprocess.Popen[str]

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait(_PATIENCE)

    def interrupt(self, how: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """Press Ctrl-C; exit code, and what it said to standard error."""
        self.process.send_signal(how)
        _, said = self.process.communicate(timeout=_PATIENCE)
        return self.process.returncode, said


def models(folder: Path, *names: str) -> list[str]:
    """Folders that look like models of these names; their paths."""
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "config.json").write_text("{}")
    return [str(folder / name) for name in names]


def command(*arguments: str) -> list[str]:
    """The command of a playground on any free port."""
    return [sys.executable, "-m", "tests.playground.stub", "--port", "0", *arguments]


@contextmanager
def served(folder: Path, *arguments: str, **variables: str) -> Iterator[Served]:
    """A playground whose conversations are in `folder / playground`."""
    process = subprocess.Popen(
        command(*arguments),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith("playground: "):
            _, said = process.communicate(timeout=_PATIENCE)
            raise AssertionError(f"it did not start: {line}{said}")
        yield Served(line.removeprefix("playground: ").strip(), process)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
