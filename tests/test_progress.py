"""Progress: plain lines in a log file, bars on a terminal, and honest times."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from harness import progress as module
from harness.progress import Progress


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def test_a_log_file_gets_a_line_per_run_and_few_between(clock: Clock) -> None:
    out = io.StringIO()
    with Progress(2, Console(file=out, width=40)) as progress:
        progress.start("question+context / a long name / seed 0")
        for step in range(1, 101):
            clock.now += 1
            progress.stage("training", step, 200)
        progress.finish("EM 1.0  F1 2.0  (100 s)")
    lines = out.getvalue().splitlines()
    assert lines[-1] == "[1/2] question+context / a long name / seed 0: EM 1.0  F1 2.0  (100 s)"
    assert len(lines) == 4, "one in about 30 seconds, and the end"
    assert "[1/2] question+context / a long name / seed 0: training 62/200 1.0/s" in lines[1]
    assert lines[1].endswith("136 s left")


def test_a_terminal_gets_bars(clock: Clock) -> None:
    out = io.StringIO()
    with Progress(1, Console(file=out, force_terminal=True, width=100)) as progress:
        progress.start("question / seed 0")
        clock.now += 5
        progress.stage("generating", 10, 20)
        progress.finish("EM 1.0")
    assert "generating" in out.getvalue()
    assert "[1/1] question / seed 0: EM 1.0" in out.getvalue()
