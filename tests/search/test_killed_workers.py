"""Real workers in processes of their own, started at the same moment and killed in a trial."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState

from harness.cli import main
from harness.experiment.tuning import Tuning
from harness.search import budget
from harness.search.storage import SILENCE, open_storage
from harness.search.worker import work_on
from harness.tracking import open_store
from tests.search.postgres import ABSENT, PASSWORD, binaries, running

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TRIALS = 6  # so many that each of two workers has some to do
ARMS = ("question", "question+context")
SPACE = {
    "training.learning_rate": {"kind": "float", "low": 1e-3, "high": 2e-2, "log": True},
    "training.batch_size": {"kind": "int", "low": 4, "high": 16},
}
EXPERIMENT = f"""\
name: small
question: Does reading the paragraph help?
base:
  data:
    source: embedded:invented_world
    train: {{split: train, limit: 24}}
    validation: {{share: 0.35}}
    test: {{split: test, limit: 4}}
  prompt: {{template: "question: {{question}}", max_tokens: 128}}
  model: {{name: "embedded:tiny_t5", adapter: {{kind: lora, r: 4}}}}
  training: {{max_steps: 2, learning_rate: 1.0e-2, batch_size: 8}}
  generation: {{max_new_tokens: 2, batch_size: 40}}
factors:
  context:
    control: {{question: {{}}}}
    treatments: {{question+context: {{prompt.template: "question: {{question}} {{context}}"}}}}
seeds: [0]
search:
  space: {SPACE}
  trials: {TRIALS}
  sampler: random
resources: {{threads: 1}}
"""


@pytest.fixture
def work(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with an experiment file and an empty tracking store."""
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    text = EXPERIMENT.replace("True", "true")
    (tmp_path / "small.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPTUNA_STORAGE", raising=False)
    return tmp_path


@pytest.fixture
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if binaries() is None:
        pytest.skip(ABSENT)
    with running(tmp_path_factory.mktemp("server")) as url:
        yield url


def start(name: str, storage: str) -> subprocess.Popen[bytes]:
    """A worker whose output goes to a file of its name."""
    with Path(f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "harness", "search", "small.yaml", "--storage", storage],
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        )


def finish(name: str, process: subprocess.Popen[bytes]) -> None:
    assert process.wait(timeout=240) == 0, Path(f"{name}.log").read_text()


def trials_of(storage: str) -> dict[str, list[FrozenTrial]]:
    """By arm, all that is in the storage."""
    kept = open_storage(storage)
    found = {}
    for study in kept.get_all_studies():
        found[study.study_name.split(" / ")[1]] = kept.get_all_trials(study._study_id)
    return found


def kill_in_a_trial(process: subprocess.Popen[bytes], storage: str) -> FrozenTrial:
    """Kill a worker that trains, and not in its first trial; returns what it was at."""
    kept = open_storage(storage)
    for _ in range(3000):
        time.sleep(0.02)
        assert process.poll() is None, "it ended before it could be killed"
        if _at_work(kept, process.pid) is None:
            continue
        time.sleep(0.1)  # it must not hold the journal's lock, which others would wait for
        process.send_signal(signal.SIGSTOP)
        trial = _at_work(kept, process.pid)
        if trial is not None:
            process.kill()
            process.wait()
            return trial
        process.send_signal(signal.SIGCONT)
    raise AssertionError("it never got to its second trial")


def _at_work(kept: optuna.storages.BaseStorage, pid: int) -> FrozenTrial | None:
    for study in kept.get_all_studies():
        for one in kept.get_all_trials(study._study_id):
            mine = one.user_attrs.get(budget.WORKER, {}).get("harness.pid") == str(pid)
            begun = "mlflow_run" in one.user_attrs and one.number > 0
            if mine and begun and one.state is TrialState.RUNNING:
                return one
    return None


def check(storage: str, open_arm: Any) -> dict[str, list[FrozenTrial]]:
    """See that results, storage and MLflow agree on a search that nothing disturbed."""
    tuning = Tuning.model_validate_json(Path("results/small/search.json").read_text())
    calm = open_arm(InMemoryStorage(), space=SPACE, trials=TRIALS)
    work_on(calm, lambda ask: 0.0)
    proposed = [one.params for one in calm.study.trials]
    proposed[0] = {"training.learning_rate": 0.01, "training.batch_size": 8}
    client = open_store(None).client
    runs = client.search_runs([one.experiment_id for one in client.search_experiments()])
    tried = [run for run in runs if run.data.tags["harness.kind"] == "trial"]
    stored = trials_of(storage)
    assert [*tuning.arms] == [*ARMS]
    for arm, found in tuning.arms.items():
        assert [one.number for one in found.trials] == [*range(TRIALS)]
        assert [one.params for one in found.trials] == proposed
        complete = [one for one in stored[arm] if one.state is TrialState.COMPLETE]
        assert Counter(budget.origin_of(one) for one in complete) == dict.fromkeys(range(TRIALS), 1)
        finished = {
            run.info.run_id: (
                int(run.data.tags["harness.trial"]),
                run.data.metrics["trial_validation_f1"],
            )
            for run in tried
            if run.data.tags["harness.arm"] == arm and run.info.status == "FINISHED"
        }
        assert finished == {one.run_id: (one.number, one.value) for one in found.trials}
        study = client.get_run(found.run_id)
        assert study.info.status == "FINISHED"
        assert study.data.metrics["trials_complete"] == TRIALS
        assert study.data.metrics["trials_failed"] == 0
    return stored


def check_tried_again(lost: FrozenTrial, stored: dict[str, list[FrozenTrial]]) -> None:
    """The trial of a killed worker has failed without a reason, and was tried again."""
    number = lost.user_attrs[budget.COUNTS_AS]
    same = [
        [one for one in trials if one.user_attrs.get(budget.COUNTS_AS) == number]
        for trials in stored.values()
        if trials[lost.number].user_attrs.get("mlflow_run") == lost.user_attrs["mlflow_run"]
    ]
    assert [[one.state for one in tries] for tries in same] == [
        [TrialState.FAIL, TrialState.COMPLETE]
    ]
    first, again = same[0]
    assert budget.REASON not in first.user_attrs
    assert again.params == first.params == lost.params
    assert again.user_attrs[budget.TRIES] == 2


def test_one_of_two_workers_on_a_database_is_killed(work, postgres, open_arm) -> None:
    """Both start at once on an empty database; its password is told to nobody."""
    workers = {name: start(name, postgres) for name in ("one", "two")}
    lost = kill_in_a_trial(workers["one"], postgres)
    finish("two", workers["two"])
    stored = check(postgres, open_arm)
    check_tried_again(lost, stored)
    hosts = {one.user_attrs[budget.WORKER]["harness.pid"] for t in stored.values() for one in t}
    assert hosts == {str(one.pid) for one in workers.values()}
    for file in work.rglob("*"):
        assert not file.is_file() or PASSWORD.encode() not in file.read_bytes(), file


def test_two_workers_start_at_once_on_a_journal(work, open_arm) -> None:
    workers = {name: start(name, "a.journal") for name in ("one", "two")}
    for name, process in workers.items():
        finish(name, process)
    stored = check("a.journal", open_arm)
    by = Counter(one.user_attrs[budget.WORKER]["harness.pid"] for t in stored.values() for one in t)
    assert len(by) == 2


def test_the_only_worker_is_killed_and_started_again(work, open_arm) -> None:
    """It goes on at once: no sign of life of a dead process is waited for."""
    lost = kill_in_a_trial(start("one", "a.journal"), "a.journal")
    started = time.monotonic()
    assert main(["search", "small.yaml", "--storage", "a.journal"]) == 0
    assert time.monotonic() - started < SILENCE, "as long as for a worker elsewhere"
    check_tried_again(lost, check("a.journal", open_arm))
