from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from harness.experiment import Plan
from harness.tracking import Ablation, Store
from harness.tracking.provenance import is_alive, process_tags
from tests.tracking.examples import METRICS, predictions

Start = Callable[..., Ablation]

VICTIM = """
import sys, time
from harness import tracking
from harness.experiment import Experiment, make_plan

plan = make_plan(Experiment.model_validate_json(sys.argv[2]))
names = {spec.name: spec.name for spec in plan.runs}
store = tracking.open_store(sys.argv[1])
with tracking.start_ablation(store, plan, plan_hash="h", fingerprints=names) as ablation:
    with ablation.run(plan.runs[0]) as run:
        print(ablation.run_id, run.run_id, flush=True)
        time.sleep(600)
"""


@pytest.mark.slow
def test_runs_of_a_killed_process_are_marked_and_those_of_a_live_one_are_not(
    start: Start, store: Store, plan: Plan
) -> None:
    arguments = [store.uri, plan.experiment.model_dump_json()]
    victim = subprocess.Popen(
        [sys.executable, "-c", VICTIM, *arguments], stdout=subprocess.PIPE, text=True
    )
    try:
        assert victim.stdout is not None
        left = victim.stdout.readline().split()
        assert len(left) == 2
        with start() as while_alive:
            assert while_alive.stale == ()
        assert [status_of(store, run_id) for run_id in left] == ["RUNNING", "RUNNING"]
    finally:
        victim.kill()  # it cannot say goodbye
        victim.wait()
    with start() as ablation, ablation.run(plan.runs[0]) as run:
        assert set(ablation.stale) == set(left)
        assert [status_of(store, run_id) for run_id in left] == ["KILLED", "KILLED"]
        reason = store.client.get_run(left[0]).data.tags["harness.reason"]
        assert reason == "its process was killed"
        run.finish(METRICS, predictions())
    assert status_of(store, ablation.run_id) == "FINISHED"


def test_only_dead_processes_of_this_host_and_mlflow_experiment_are_touched(
    start: Start, store: Store, plan: Plan
) -> None:
    with start() as ablation:
        pass
    here = store.client.get_run(ablation.run_id).info.experiment_id
    dead = {"harness.pid": str(dead_pid())}
    mine = process_tags()
    left = {
        "dead": store.client.create_run(here, tags=mine | dead),
        "alive": store.client.create_run(here, tags=mine),
        "elsewhere": store.client.create_run(here, tags=mine | dead | {"harness.host": "moon"}),
        "foreign": store.client.create_run(here),
        "other experiment": store.client.create_run("0", tags=mine | dead),
    }
    with start() as ablation:
        assert list(ablation.stale) == [left["dead"].info.run_id]
    statuses = {name: status_of(store, run.info.run_id) for name, run in left.items()}
    assert statuses == dict.fromkeys(left, "RUNNING") | {"dead": "KILLED"}


@pytest.mark.parametrize(
    ("changes", "alive"),
    [
        ({}, True),
        ({"harness.pid": "dead"}, False),
        ({"harness.pid": "dead", "harness.host": "moon"}, True),
        ({"harness.pid_started": "1"}, False),
        ({"harness.pid_started": None}, True),
        ({"harness.pid": None}, True),
        ({"harness.pid": "1", "harness.pid_started": None}, True),
    ],
    ids=["own", "dead", "other-host", "id-was-reused", "no-start", "no-pid", "init"],
)
@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="start times need /proc")
def test_is_alive(changes: dict[str, Any], alive: bool) -> None:
    given = process_tags() | changes
    if given["harness.pid"] == "dead":
        given["harness.pid"] = str(dead_pid())
    assert is_alive({name: value for name, value in given.items() if value is not None}) == alive


def test_ended_process_that_was_not_collected_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"], stdout=subprocess.PIPE)
    given = {"harness.host": socket.gethostname(), "harness.pid": str(child.pid)}
    given["harness.pid_started"] = "12345"
    assert child.stdout is not None
    child.stdout.read()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(given)
    child.wait()


def dead_pid() -> int:
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    return ended.pid


def status_of(store: Store, run_id: str) -> str:
    return str(store.client.get_run(run_id).info.status)
