"""Runs in this process: checkpoints are gone when a run has ended, and kept when it has not."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.executors.bases import Bases
from harness.executors.inline import run_inline
from harness.experiment import load_experiment, make_plan
from harness.generation import PartialAnswers
from harness.preparation import Prepared, prepare
from harness.progress import Progress
from harness.results import RunRecord
from harness.training import Checkpoints

QUICKSTART = Path(__file__).parents[2] / "experiments" / "quickstart.yaml"
SMALL = [
    "data.train.limit=24",
    "data.test.limit=4",
    "training.epochs=1",
    "training.batch_size=4",
    "training.warmup_steps=0",
    "seeds=[0]",
    "factors.precision.treatments={slow: {training.learning_rate: 0.0001}}",
    "analysis.hypotheses=[]",
]


class Tracked:
    """A tracked run that stops the training, or not."""

    run_id = "r"

    def __init__(self, stop_at: int | None) -> None:
        self.stop_at = stop_at
        self.steps: list[int] = []
        self.said = ""
        self.partial, self.full, self.found = Path("nowhere"), False, [""]

    @contextmanager
    def run(self, spec: Any, inputs: Any) -> Iterator[Tracked]:
        yield self

    def log(self, step: int, values: dict[str, float]) -> None:
        self.steps.append(step)
        if step == self.stop_at:
            raise KeyboardInterrupt

    def finish(self, metrics: Any, predictions: Any, artifacts: Path) -> None:
        assert (artifacts / "model").is_dir()
        self.found = [one.read_text() for one in self.partial.glob("*")]
        if self.full:
            raise OSError("disk full")


def _prepared(*assignments: str) -> Prepared:
    return prepare(make_plan(load_experiment(QUICKSTART, [*SMALL, *assignments])))


def _run_first(prepared: Prepared, folder: Path, tracked: Tracked) -> list[RunRecord]:
    spec = prepared.plan.runs[0]
    console = Console(file=StringIO(), width=200)
    with Progress(1, console) as progress:
        records = list(
            run_inline(
                [spec],
                datasets=prepared.datasets,
                inputs=dict.fromkeys(prepared.datasets, ()),
                ablation=tracked,
                fingerprints=prepared.fingerprints,
                progress=progress,
                bases=Bases(prepared.models),
                checkpoints={spec.name: Checkpoints(folder, 2)},
                partial={spec.name: PartialAnswers.of_run(tracked.partial, spec.name, 3)},
            )
        )
    tracked.said = console.file.getvalue()
    return records


def test_checkpoints_are_gone_on_from_and_removed_when_the_run_has_ended(tmp_path: Path) -> None:
    prepared, own = _prepared(), tmp_path / "own"
    (whole,) = _run_first(prepared, tmp_path / "other", Tracked(None))
    assert whole.status == "finished"
    assert not (tmp_path / "other").exists()
    with pytest.raises(KeyboardInterrupt):
        _run_first(prepared, own, Tracked(stop_at=5))
    assert {one.name for one in own.iterdir()} == {"checkpoint-2", "checkpoint-4"}
    resumed = Tracked(None)
    (record,) = _run_first(prepared, own, resumed)
    assert min(resumed.steps) == 5
    assert "goes on from its last checkpoint" in resumed.said
    assert math.isnan(record.metrics["energy_wh"]), "the first part was not measured"
    assert not own.exists()
    assert record.predictions.equals(whole.predictions)


@pytest.mark.parametrize("full", [False, True], ids=["complete", "failed"])
def test_answers_so_far_are_there_until_the_run_is_complete(tmp_path: Path, full: bool) -> None:
    tracked = Tracked(None)
    tracked.partial, tracked.full = tmp_path / "partial", full
    prepared = _prepared("generation.batch_size=2", "training.max_steps=1")
    (record,) = _run_first(prepared, tmp_path / "own", tracked)
    assert record.status == ("failed" if full else "finished")
    (text,) = tracked.found
    lines = [json.loads(line) for line in text.splitlines()]
    items = [one.id for one in prepared.datasets[prepared.plan.runs[0].arm.name].test]
    assert sorted(one["item"] for one in lines) == sorted(items)
    assert tracked.partial.exists() == full


def test_checkpoints_do_not_change_what_a_run_is() -> None:
    without, with_some = _prepared(), _prepared("resources.checkpoint_every=3")
    assert with_some.plan.experiment.resources.checkpoint_every == 3
    assert with_some.fingerprints == without.fingerprints
    assert _prepared("training.evaluate_every=3", "data.validation.share=0.2").fingerprints != (
        without.fingerprints
    )
