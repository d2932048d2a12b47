"""Workers in threads of which one runs at a time, and any can be killed, as a test decides.

At every look into the storage and every write to it another worker may go on, or this one may
die there. What a killed worker would do on its way out (`finally`, `with`) does not reach the
storage.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from optuna.storages import InMemoryStorage

__all__ = ["Killed", "Stage", "SwitchingStorage"]


class Killed(BaseException):
    """The end of a worker that nothing may catch."""


class Stage:
    """Who is on, and who is dead.

    Parameters
    ----------
    choices : iterator of int
        Who goes on at each switch, modulo those who live; round robin when there are no more.
    deaths : mapping
        From a worker's name to the switch of its own at which it is killed.
    """

    def __init__(self, choices: Iterator[int], deaths: Mapping[str, int]) -> None:
        self.dead: set[str] = set()
        self._choices, self._deaths = choices, deaths
        self._living: list[str] = []
        self._steps: dict[str, int] = {}
        self._on: str | None = None
        self._turn = threading.Condition()
        self._errors: list[BaseException] = []

    def play(self, workers: Mapping[str, Callable[[], None]]) -> None:
        """Run all of them until each has ended or is dead."""
        self._living = sorted(workers)
        threads = [
            threading.Thread(target=self._played, args=(one, workers[one]), name=one, daemon=True)
            for one in self._living
        ]
        self._on = self._living[0]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def switch(self, *ignored: Any) -> None:
        """Let somebody go on; nothing outside of `play`."""
        name = threading.current_thread().name
        if name in self.dead:
            raise Killed
        if name not in self._living:
            return
        self._steps[name] = self._steps.get(name, 0) + 1
        if self._steps[name] == self._deaths.get(name):
            self.dead.add(name)
            raise Killed
        self._next()
        self._wait(name)

    def _played(self, name: str, work: Callable[[], None]) -> None:
        self._wait(name)
        try:
            work()
        except Killed:
            pass
        except BaseException as error:
            self._errors.append(error)
        finally:
            self._living.remove(name)
            self._next()

    def _next(self) -> None:
        with self._turn:
            if self._living:
                chosen = next(self._choices, sum(self._steps.values()))
                self._on = self._living[chosen % len(self._living)]
            self._turn.notify_all()

    def _wait(self, name: str) -> None:
        with self._turn:
            assert self._turn.wait_for(lambda: self._on == name, timeout=60)


class SwitchingStorage(InMemoryStorage):
    """A storage in memory that lets the stage decide before each call that matters."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage

    def create_new_study(self, *given: Any, **named: Any) -> Any:
        self._stage.switch()
        return super().create_new_study(*given, **named)

    def create_new_trial(self, *given: Any, **named: Any) -> Any:
        self._stage.switch()
        return super().create_new_trial(*given, **named)

    def get_all_trials(self, *given: Any, **named: Any) -> Any:
        self._stage.switch()
        return list(super().get_all_trials(*given, **named))

    def set_trial_param(self, *given: Any, **named: Any) -> Any:
        self._stage.switch()
        return super().set_trial_param(*given, **named)

    def set_trial_state_values(self, *given: Any, **named: Any) -> Any:
        self._stage.switch()
        return super().set_trial_state_values(*given, **named)

    def set_trial_user_attr(self, *given: Any, **named: Any) -> Any:
        self._stage.switch()
        return super().set_trial_user_attr(*given, **named)
