"""Weights & Biases beside MLflow, by its offline mode: what is written is read back."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ExperimentError, InputError, RunError, TrackingError
from harness.experiment import Experiment, Plan, load_experiment, make_plan
from harness.experiment.schema import WeightsAndBiases
from harness.tracking import Ablation, Store, check_wandb, start_ablation
from tests.tracking.examples import EXPERIMENT, METRICS, predictions
from tests.tracking.wandb_files import read_wandb

QUICKSTART = Path(__file__).parents[2] / "experiments" / "quickstart.yaml"
CURVES = {1: {"train_loss": 3.5, "learning_rate": 0.1}, 2: {"train_loss": 2.25}}
Start = Callable[..., Ablation]


@pytest.fixture
def plan(request: pytest.FixtureRequest, tmp_path: Path) -> Plan:
    name = re.sub(r"\W+", "-", request.node.name).strip("-")
    where = {
        "project": "answers",
        "mode": "offline",
        "folder": str(tmp_path / "new"),
        "tags": ["pilot"],
    }
    return make_plan(Experiment.model_validate(EXPERIMENT | {"name": name, "wandb": where}))


def _finish(ablation: Ablation, plan: Plan, index: int = 0) -> str:
    with ablation.run(plan.runs[index]) as run:
        for step, values in CURVES.items():
            run.log(step, values)
        run.log(2, {"validation_f1": 40.0})
        run.finish(METRICS, predictions())
    return run.run_id


def _flat(tree: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        inner = isinstance(value, dict)
        flat |= _flat(value, f"{before}{key}.") if inner else {f"{before}{key}": value}
    return flat


def test_each_run_has_the_parameters_curves_and_scores_that_mlflow_has(
    start: Start, plan: Plan, store: Store, tmp_path: Path
) -> None:
    with start() as ablation:
        ids = [_finish(ablation, plan, index) for index in (0, 1)]
    found = read_wandb(tmp_path / "new")
    assert set(found) == {spec.name for spec in plan.runs[:2]}
    for run_id, spec in zip(ids, plan.runs, strict=False):
        one, stored = found[spec.name], store.client.get_run(run_id)
        assert (one.run.project, one.run.run_group) == ("answers", plan.experiment.name)
        assert list(one.run.tags) == ["pilot"]
        config = {key: value for key, value in one.config.items() if not key.startswith("_")}
        assert config.pop("mlflow_run") == run_id == one.run.run_id
        texts = {
            key: value if isinstance(value, str) else _json(value)
            for key, value in _flat(config).items()
        }
        assert texts == stored.data.params
        assert one.config["model"]["adapter"]["r"] == 4, "numbers stay numbers"
        assert one.history == [
            {"_step": 1, "train_loss": 3.5, "learning_rate": 0.1},
            {"_step": 2, "train_loss": 2.25, "validation_f1": 40.0},
        ]
        assert {name: one.summary[name] for name in METRICS} == METRICS
        assert {n: stored.data.metrics[n] for n in METRICS} == METRICS
        assert one.exit_code == 0


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (RunError("the loss is NaN"), 1, "the loss is NaN"),
        (KeyboardInterrupt(), 255, "interrupted"),
    ],
    ids=str,
)
def test_a_run_that_does_not_finish_ends_there_too(
    start: Start, plan: Plan, tmp_path: Path, error: BaseException, code: int, reason: str
) -> None:
    def fail() -> None:
        with start() as ablation, ablation.run(plan.runs[0]) as run:
            run.log(1, {"train_loss": 3.5})
            raise error

    with pytest.raises(type(error)):
        fail()
    (one,) = read_wandb(tmp_path / "new").values()
    assert (one.exit_code, one.summary["reason"]) == (code, reason)
    assert [point["train_loss"] for point in one.history] == [3.5]


def test_it_ends_there_even_when_mlflow_fails(
    start: Start, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise TrackingError("the store is full")

    def fail() -> None:
        with start() as ablation, ablation.run(plan.runs[0]):
            monkeypatch.setattr("harness.tracking.run.write", full)
            raise RunError("the loss is NaN")

    with pytest.raises(RunError):
        fail()
    monkeypatch.undo()
    (one,) = read_wandb(tmp_path / "new").values()
    assert one.exit_code == 1


def test_a_reused_run_is_shown_by_the_id_of_the_one_that_trained(
    start: Start, plan: Plan, store: Store, tmp_path: Path
) -> None:
    silent = make_plan(plan.experiment.model_copy(update={"wandb": None}))
    names = {spec.name: f"{plan.experiment.name} {spec.name}" for spec in plan.runs}
    with start_ablation(store, silent, plan_hash="hash", fingerprints=names) as ablation:
        source = _finish(ablation, silent)
    assert not (tmp_path / "new").exists()
    with start() as ablation:
        ablation.reuse(plan.runs[0], source)
    (one,) = read_wandb(tmp_path / "new").values()
    assert one.run.run_id == source
    assert [point.get("train_loss") for point in one.history] == [3.5, 2.25]
    assert one.summary["f1"] == METRICS["f1"]
    assert one.exit_code == 0


def test_settings_name_the_run(start: Start, plan: Plan, store: Store, tmp_path: Path) -> None:
    assert plan.experiment.wandb is not None
    own = {"name": "mine", "group": "lab", "job_type": "sft", "entity": "team"}
    settings = plan.experiment.wandb.model_copy(update=own)
    named = make_plan(plan.experiment.model_copy(update={"wandb": settings}))
    names = {spec.name: f"{plan.experiment.name} {spec.name}" for spec in plan.runs}
    with start_ablation(store, named, plan_hash="hash", fingerprints=names) as ablation:
        _finish(ablation, named)
    (one,) = read_wandb(tmp_path / "new").values()
    run = one.run
    assert (run.run_group, run.job_type, run.entity) == ("lab", "sft", "team")
    assert run.display_name == f"mine / {plan.runs[0].name}"


def test_disabled_needs_nothing(
    start: Start, plan: Plan, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert plan.experiment.wandb is not None
    settings = plan.experiment.wandb.model_copy(update={"mode": "disabled"})
    check_wandb(settings)
    check_wandb(None)
    off = make_plan(plan.experiment.model_copy(update={"wandb": settings}))
    names = {spec.name: f"{plan.experiment.name} {spec.name}" for spec in plan.runs}
    with start_ablation(store, off, plan_hash="hash", fingerprints=names) as ablation:
        _finish(ablation, off)
    assert not (tmp_path / "new").exists()


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ExperimentError, match="the key 'project' is missing"):
        load_experiment(QUICKSTART, ["wandb={mode: offline}"])
    online = WeightsAndBiases(project="answers")
    for name in ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with pytest.raises(InputError, match="no key to log in") as caught:
        check_wandb(online)
    assert "wandb sync" in str(caught.value)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"(?s)not installed.*ablation-harness\[wandb\]"):
        check_wandb(online)
