"""Fingerprints: what changes them, and what must not."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.experiment import fingerprint as module
from harness.experiment import load_experiment, make_plan
from harness.experiment.fingerprint import fingerprint, plan_hash, study_hash

QUICKSTART = Path(__file__).parents[2] / "experiments" / "quickstart.yaml"
DATA = {"train": "a", "validation": "b", "test": "c"}


def first(*assignments: str, data: dict[str, str] = DATA, model: str = "m") -> str:
    run = make_plan(load_experiment(QUICKSTART, assignments)).runs[0]
    return fingerprint(run, data=data, model=model)


def test_all_runs_of_a_plan_differ() -> None:
    runs = make_plan(load_experiment(QUICKSTART)).runs
    assert len({fingerprint(run, data=DATA, model="m") for run in runs}) == len(runs)


@pytest.mark.parametrize(
    "assignment",
    ["training.epochs=5", "generation.batch_size=3", "prompt.max_tokens=99", "model.adapter.r=2",
     "seeds=[9]"],
)  # fmt: skip
def test_what_changes_a_result_changes_it(assignment: str) -> None:
    assert first(assignment) != first()


@pytest.mark.parametrize(
    "assignment",
    ["resources.threads=2", "name=other", "question=Why?", "data.train.file=elsewhere.json",
     "model.name=somewhere/else", "analysis.alpha=0.01", "training.log_every=3",
     "resources.accelerator=cpu", "resources.save_predictions_every=5",
     "wandb={project: p, mode: offline}"],
)  # fmt: skip
def test_circumstance_does_not_change_it(assignment: str) -> None:
    assert first(assignment) == first()


def _plan(*assignments: str) -> str:
    experiment = load_experiment(QUICKSTART, assignments)
    return plan_hash(experiment.model_dump(mode="json"), {})


def test_a_plan_elsewhere_is_the_same_plan() -> None:
    others = ["resources.threads=2", "wandb={project: p}", "training.log_every=3"]
    assert _plan(*others) == _plan()
    for change in ("training.epochs=2", "question=Why?", "analysis.alpha=0.01"):
        assert _plan(change) != _plan()


def test_a_sanity_check_is_a_circumstance_too() -> None:
    held_out = "data.validation={share: 0.2}"
    assert first(held_out, "training.sanity_validation=2") == first(held_out)


def test_content_of_data_and_model_changes_it() -> None:
    assert first(data={**DATA, "train": "x"}) != first()
    assert first(data={**DATA, "test": "x"}) != first()
    assert first(model="x") != first()


def test_code_and_library_versions_change_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = first()
    monkeypatch.setattr(module, "_code_hash", lambda names: "other code")
    assert first() != before
    monkeypatch.undo()
    monkeypatch.setattr(module, "_library_versions", lambda names: {"torch": "1.0"})
    assert first() != before


def test_scoring_is_part_of_it_only_where_a_score_chooses_the_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[str, ...]] = []
    monkeypatch.setattr(module, "_code_hash", lambda names: seen.append(names) or "code")
    for metric in ("validation_loss", "f1"):
        first("base.data.validation={share: 0.2}", f"training.best={{metric: {metric}}}")
    assert [("metrics" in names) for names in seen] == [False, True]


def test_answering_twice_changes_it_for_the_control_alone() -> None:
    runs, twice = (
        make_plan(load_experiment(QUICKSTART, [f"analysis.noise_floor={floor}"])).runs
        for floor in ("false", "true")
    )
    changed = {
        run.arm.name
        for run, other in zip(runs, twice, strict=True)
        if fingerprint(run, data=DATA, model="m") != fingerprint(other, data=DATA, model="m")
    }
    assert changed == {"question / full"}


def test_the_order_of_templates_without_a_field_changes_it() -> None:
    orders = ("{context: a, title: b}", "{title: b, context: a}")
    one, other = (first(f"prompt.without={order}") for order in orders)
    assert one != other, "the first blank field decides"


def test_the_kind_of_torch_build_does_not_change_it(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = set()
    for build in ("2.13.0+cpu", "2.13.0+cu130", "2.13.0"):
        module._library_versions.cache_clear()
        monkeypatch.setattr(module, "version", lambda name, build=build: build)
        versions.add(first())
    module._library_versions.cache_clear()
    assert len(versions) == 1


def test_a_study_depends_on_how_its_trials_are_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = make_plan(load_experiment(QUICKSTART.with_name("quickstart_search.yaml")))
    search = plan.experiment.search
    assert search is not None
    seen: list[tuple[str, ...]] = []
    monkeypatch.setattr(module, "_code_hash", lambda names: seen.append(names) or "code")
    data = {"train": "a", "validation": "b"}
    study_hash(plan.arms[0], search.for_arm("a"), "f1", data=data, model="m")
    assert {"metrics", "search/trial.py"} <= {name for names in seen for name in names}
    root = Path(module.__file__).parents[1]
    assert all((root / name).exists() for names in seen for name in names)
