"""What must not change the main job's result: interruptions, and the circumstances it runs in."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.ablation import checkpoint_places
from harness.cli import main
from harness.experiment import load_experiment, make_plan
from harness.preparation import prepare
from harness.tracking import open_store
from tests.small import comparisons
from tests.tracking.wandb_files import read_wandb

ROOT = Path(__file__).parents[1]


def _start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "harness", "ablation", "small.yaml", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        # a script's background job, which these tests may be, ignores interrupts and hands that on
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def _wait_for(process: subprocess.Popen[str], text: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return
    raise AssertionError(f"the process ended without printing {text!r}")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["kill", "interrupt"])
def test_an_interrupted_ablation_goes_on_where_it_was(
    work: Path, how: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    process = _start()
    _wait_for(process, "[2/4]")
    process.send_signal(how)
    assert process.wait(timeout=60) == (-9 if how == signal.SIGKILL else 130)
    assert not Path("results/small/comparisons.json").exists()

    assert main(["ablation", "small.yaml"]) == 0
    assert "2 of 4 runs are finished and reused" in capsys.readouterr().err
    resumed = comparisons()
    client = open_store(None).client
    runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
    assert {run.info.status for run in runs} == {"FINISHED", "KILLED"}

    assert main(["ablation", "small.yaml", "--no-reuse", "--output", "undisturbed"]) == 0
    assert comparisons(Path("undisturbed")) == resumed


def test_circumstances_leave_the_result_alone(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one_seed = ["small.yaml", "--set", "seeds=[0]"]
    assert main(["ablation", *one_seed, "--output", "plain"]) == 0
    circumstances = [
        "wandb={project: answers, mode: offline}",
        "resources.accelerator=cpu",
        "resources.save_predictions_every=10",
        "training.log_every=1",
    ]
    more = [part for one in circumstances for part in ("--set", one)]
    assert main(["ablation", *one_seed, *more]) == 0
    assert "2 of 2 runs are finished and reused" in capsys.readouterr().err
    assert len(read_wandb(work)) == 2
    shutil.rmtree("wandb")
    assert main(["ablation", *one_seed, *more, "--no-reuse"]) == 0
    assert comparisons() == comparisons(Path("plain"))
    for name, run in read_wandb(work).items():
        assert name.endswith(" / seed 0")
        assert [point["_step"] for point in run.history] == [1, 2, 3, 4]
        assert {"train_loss", "learning_rate"} <= {*run.history[0]}
        assert 0 <= run.summary["f1"] <= 100
    assert not Path("results/small/predictions-partial").exists()
    assert main(["ablation", *one_seed, "--no-reuse", "--set", "resources.accelerator=tpu"]) == 2
    assert "the accelerator is not there" in capsys.readouterr().err


def test_without_reuse_no_checkpoint_is_gone_on_from(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = [
        "seeds=[0]",
        "data.train.limit=16",
        "data.test.limit=8",
        "resources.checkpoint_every=9",
    ]
    plan = make_plan(load_experiment("small.yaml", small))
    for place in checkpoint_places(prepare(plan), work / "results" / "small").values():
        (place.folder / "checkpoint-1").mkdir(parents=True)
    assignments = [part for one in small for part in ("--set", one)]
    assert main(["ablation", "small.yaml", *assignments, "--no-reuse"]) == 0
    assert "goes on from" not in capsys.readouterr().err
    assert not (work / "results" / "small" / "checkpoints").exists()
