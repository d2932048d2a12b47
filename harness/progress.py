"""What a person sees while runs go on: which run of how many, stage, rate, time left.

On a terminal two live bars; elsewhere (a log file, CI) plain lines, sparingly.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

__all__ = ["Progress"]

_EVERY = 30.0  # seconds between plain lines of one stage
# Where in a run a stage starts, and how much of it it takes; measured on the embedded default.
# A stage that is not here, such as answers in between, leaves the bar where it is.
_SHARES = {
    "loading": (0.0, 0.0),
    "preparing": (0.0, 0.0),
    "training": (0.0, 0.6),
    "generating": (0.6, 0.4),
    "saving": (1.0, 0.0),
}


class Progress:
    """Progress over the runs of a plan; a context manager.

    Parameters
    ----------
    n_runs : int or None
        Runs to be done (not those reused); None if nobody can know.
    console : Console
        Where to print; standard error, so that standard output holds results only.
    """

    def __init__(self, n_runs: int | None, console: Console) -> None:
        self._n_runs = n_runs
        self._console = console
        self._done = 0
        self._name = ""
        self._stage = ""
        self._stage_started = self._printed = time.monotonic()
        self._bars: Bars | None = None
        if console.is_terminal:
            self._bars = Bars(
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(elapsed_when_finished=True),
                console=console,
                transient=True,
            )
            self._runs_bar = self._bars.add_task("runs", total=n_runs, rate="")
            self._stage_bar = self._bars.add_task("starting", total=None, rate="")

    def __enter__(self) -> Self:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bars:
            self._bars.stop()

    def start(self, name: str) -> None:
        """A run starts."""
        self._name, self._stage = name, ""
        self.stage("loading", 0, 1)

    def stage(self, stage: str, done: int, total: int) -> None:
        """So much of a stage of the current run is done."""
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._stage_started = stage, now
        elapsed = now - self._stage_started
        known = done > 0 and elapsed > 1
        rate = f"{done / elapsed:.1f}/s" if known else ""
        if self._bars:
            self._bars.update(
                self._stage_bar,
                description=f"{self._name}: {stage}",
                completed=done,
                total=total,
                rate=rate,
            )
            if stage in _SHARES:
                start, share = _SHARES[stage]
                fraction = start + share * done / max(total, 1)
                self._bars.update(self._runs_bar, completed=round(self._done + fraction, 2))
        elif now - self._printed > _EVERY:
            self._printed = now
            left = f", {elapsed * (total - done) / done:.0f} s left" if known else ""
            position = self._position(self._done + 1)
            self.say(f"{position} {self._name}: {stage} {done}/{total} {rate}{left}")

    def finish(self, outcome: str) -> None:
        """The current run ended; `outcome` says how."""
        self._done += 1
        self._printed = time.monotonic()
        self.say(f"{self._position(self._done)} {self._name}: {outcome}")
        if self._bars:
            self._bars.update(self._runs_bar, completed=self._done)

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _position(self, number: int) -> str:
        return f"[{number}]" if self._n_runs is None else f"[{number}/{self._n_runs}]"


def scores_text(metrics: Mapping[str, float]) -> str:
    """The scores people look for first, such as `EM 61.2  F1 70.4`."""
    return "  ".join(f"{name.upper()} {metrics[name]:.1f}" for name in ("em", "f1"))
