"""Two processes that train together give what one gives, and leave the rest to the first."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.ablation import checkpoint_places
from harness.experiment import load_experiment, make_plan
from harness.preparation import prepare
from tests.executors import worker

ROOT = Path(__file__).parents[2]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


@pytest.mark.slow
@pytest.mark.parametrize(("family", "adapter"), [("t5", "lora"), ("llama", "full")])
def test_losses_are_those_of_one_process(
    family: str, adapter: str, model_folders: dict[str, Path], tmp_path: Path
) -> None:
    """Targets differ in length, so a mean of the processes' means would not do."""
    together, alone = tmp_path / "together.json", tmp_path / "alone.json"
    arguments = [str(model_folders[family]), adapter]
    subprocess.run(
        [*TORCHRUN, str(Path(worker.__file__)), *arguments, str(together)],
        env=_environment(),
        check=True,
        capture_output=True,
        timeout=300,
    )
    worker.main(*arguments, str(alone))
    found, expected = (json.loads(path.read_text()) for path in (together, alone))
    assert len(expected["logs"]) == 8, "6 steps and 2 evaluations"
    for one, other in zip(found["logs"], expected["logs"], strict=True):
        assert one == pytest.approx(other, rel=2e-3)
    assert found["norm"] == pytest.approx(expected["norm"], rel=1e-3)


@pytest.mark.slow
def test_an_ablation_by_two_processes_is_tracked_and_reported_once(tmp_path: Path) -> None:
    settings = {
        "seeds": "[0]",
        "base.data.train.limit": "16",
        "base.data.test.limit": "8",
        "training.max_steps": "2",
        "generation.max_new_tokens": "2",
        "resources.checkpoint_every": "1",
    }
    command = [
        *TORCHRUN, "-m", "harness", "ablation", str(ROOT / "experiments" / "quickstart.yaml"),
        "--tracking-uri", f"sqlite:///{tmp_path}/mlflow.db", "--output", str(tmp_path / "out"),
        *(part for path, value in settings.items() for part in ("--set", f"{path}={value}")),
    ]  # fmt: skip
    done = subprocess.run(
        command, env=_environment(), cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("report:") == 1
    assert done.stderr.count("/ seed 0: EM") == 4
    assert (tmp_path / "out" / "report.html").is_file()
    assert not (tmp_path / "out" / "checkpoints").exists()


def test_a_wrong_experiment_is_said_once(tmp_path: Path) -> None:
    for rank, expected in (("0", 1), ("1", 0)):
        done = subprocess.run(
            [sys.executable, "-m", "harness", "plan", "missing.yaml"],
            env=_environment() | {"RANK": rank, "WORLD_SIZE": "2"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 2
        assert done.stderr.count("cannot be read") == expected


def test_checkpoints_are_those_of_the_same_run_by_as_many_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = make_plan(
        load_experiment(ROOT / "experiments" / "quickstart.yaml", ["resources.checkpoint_every=5"])
    )
    prepared = prepare(plan)
    alone = checkpoint_places(prepared, tmp_path)
    monkeypatch.setenv("WORLD_SIZE", "2")
    together = checkpoint_places(prepared, tmp_path)
    folders = [one.folder for one in (*alone.values(), *together.values())]
    assert len(set(folders)) == 24
