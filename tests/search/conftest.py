"""A study of one small arm, in any storage, whose trials train nothing."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages.journal import JournalFileBackend

from harness.experiment import Experiment, make_plan
from harness.experiment.search import Search
from harness.search.storage import BeatingJournal
from harness.search.worker import ArmStudy, open_study

EXPERIMENT = {
    "name": "small",
    "question": "Does it help?",
    "base": {
        "data": {
            "source": "embedded:invented_world",
            "train": {"split": "train"},
            "validation": {"share": 0.2},
            "test": {"split": "test"},
        },
        "prompt": {"template": "question: {question}"},
        "model": {"name": "embedded:tiny_t5"},
        "training": {"learning_rate": 0.01, "batch_size": 16},
    },
    "factors": {
        "context": {
            "control": {"question": {}},
            "treatments": {"both": {"prompt.template": "question: {question} {context}"}},
        }
    },
    "seeds": [0, 1],
}
SPACE = {
    "training.learning_rate": {"kind": "float", "low": 1e-4, "high": 1.0, "log": True},
    "training.batch_size": {"kind": "int", "low": 2, "high": 64},
}
OpenArm = Callable[..., ArmStudy]


PATIENCE = 300  # seconds; a search whose accounting is wrong waits for ever


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """Fail what goes on for too long."""
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail(f"not over after {PATIENCE} s"))
    signal.alarm(PATIENCE)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def open_arm() -> OpenArm:
    """Opens the study of an arm: its storage, its name, and what is said about the search."""
    plan = make_plan(Experiment.model_validate(EXPERIMENT))

    def opened(storage: Any, name: str = "one", **search: Any) -> ArmStudy:
        given = {"space": SPACE, "sampler": "random"} | search
        return open_study(storage, name, plan.arms[0], Search.model_validate(given), "minimize")

    return opened


@pytest.fixture
def journal(tmp_path: Path) -> Callable[..., BeatingJournal]:
    """Opens the test's journal as another process would."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    backend = str(tmp_path / "a.journal")
    return lambda **times: BeatingJournal(JournalFileBackend(backend), **times)
