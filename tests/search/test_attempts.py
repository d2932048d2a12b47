"""Trials as they are tracked; nothing is trained."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import optuna
import pytest
from optuna.storages import InMemoryStorage

from harness.experiment import RunSpec, load_experiment, make_plan
from harness.search import Attempts, attempts
from harness.search.results import arm_tuning
from harness.search.worker import ArmStudy, work_on
from harness.steps import Listener
from harness.tracking import open_store, start_search

FILE = Path(__file__).parents[2] / "experiments" / "quickstart_search.yaml"
SCORES = {1: 2.0, 2: 4.0}


def scored(
    spec: RunSpec,
    items: object,
    base: object,
    metric: str,
    listener: Listener,
    report: Callable[[int, float], None] | None,
) -> float:
    """The best of a training is kept, so that its value is not the last of the curve."""
    for step, value in ((10, SCORES[spec.seed]), (20, 50.0)):
        listener.log(step, {"validation_loss": value})
        if report is not None:
            report(step, value)
    return SCORES[spec.seed]


@pytest.mark.parametrize("pruned", [False, True])
def test_mlflow_has_the_value_that_the_search_goes_by(
    open_arm: Callable[..., ArmStudy],
    empty_store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pruned: bool,
) -> None:
    """The mean over seeds of what was kept, and not where the first seed's curve ends."""
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(attempts, "score_trial", scored)
    monkeypatch.setattr(attempts, "check_fit", lambda *args: None)
    if pruned:
        monkeypatch.setattr(optuna.Trial, "should_prune", lambda trial: True)
    nothing: Any = SimpleNamespace(
        **dict.fromkeys(
            ("start", "stage", "finish", "use", "get", "drop"), lambda *args, **options: None
        )
    )
    store = open_store(None)
    arm = open_arm(InMemoryStorage(), trials=1, seeds=[1, 2], pruner="median" if pruned else "none")
    with start_search(store, make_plan(load_experiment(FILE))) as tracked:
        study = tracked.study(arm.arm, arm.study.study_name, None, [])
        work_on(
            arm,
            Attempts(
                arm,
                cast(Any, None),
                "validation_loss",
                cast(Any, None),
                nothing,
                tracked,
                study,
                nothing,
            ),
        )
    (trial,) = arm_tuning(arm).trials
    assert (trial.state, trial.value) == (("pruned", 2.0) if pruned else ("complete", 3.0))
    assert trial.run_id is not None
    run = store.client.get_run(trial.run_id)
    assert run.data.metrics["trial_validation_loss"] == trial.value
    curve = store.client.get_metric_history(trial.run_id, "validation_loss")
    assert [point.step for point in curve] == ([10] if pruned else [10, 20])
