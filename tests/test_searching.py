"""The search on a small experiment: from the file to a tuned ablation and its report."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import harness.searching
from harness.cli import main
from harness.experiment.tuning import Tuning
from harness.tracking import load_ablation, open_store
from tests.small import EXPERIMENT

SEARCH = """\
search:
  space:
    training.learning_rate: {kind: float, low: 1.0e-3, high: 2.0e-2, log: true}
    model.adapter.r: {kind: int, low: 2, high: 8}
  trials: 3
  sampler: random
"""


@pytest.fixture
def work(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    held_out = "    validation: {share: 0.3}\n    test:"
    text = EXPERIMENT.replace("    test:", held_out) + SEARCH
    (tmp_path / "small.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPTUNA_STORAGE", raising=False)
    return tmp_path


def found(folder: str = "small") -> Tuning:
    return Tuning.model_validate_json(Path("results", folder, "search.json").read_text())


def runs() -> dict[str, list[Any]]:
    """MLflow's runs by kind."""
    client = open_store(None).client
    by_kind: dict[str, list[Any]] = {}
    for run in client.search_runs([e.experiment_id for e in client.search_experiments()]):
        by_kind.setdefault(run.data.tags["harness.kind"], []).append(run)
    return by_kind


def test_from_a_search_to_a_tuned_ablation(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "small.yaml"]) == 0
    said = capsys.readouterr()
    assert "harness ablation small.yaml --tuned" in said.out
    tuning = found()
    assert list(tuning.arms) == ["question", "question+context"]
    for arm in tuning.arms.values():
        assert [trial.number for trial in arm.trials] == [0, 1, 2]
        assert [trial.default for trial in arm.trials] == [True, False, False]
        assert {trial.state for trial in arm.trials} == {"complete"} | {
            trial.state for trial in arm.trials if trial.reason
        }
        best = arm.best_trial
        assert best is not None
        assert best.value == max(t.value for t in arm.trials if t.value is not None)
    first, second = tuning.arms.values()
    assert [t.params for t in first.trials] == [t.params for t in second.trials], "paired"

    tree = runs()
    (search,) = tree["search"]
    assert {r.data.tags["mlflow.parentRunId"] for r in tree["study"]} == {search.info.run_id}
    studies = {r.info.run_id: r for r in tree["study"]}
    assert len(studies) == 2
    for run in tree["trial"]:
        assert run.data.tags["mlflow.parentRunId"] in studies
    values = {
        (run.data.tags["harness.arm"], int(run.data.tags["harness.trial"])): run
        for run in tree["trial"]
    }
    assert len(values) == len(tree["trial"]) == 6
    for name, arm in tuning.arms.items():
        for trial in arm.trials:
            tracked = values[name, trial.number]
            assert tracked.data.metrics.get("trial_validation_f1") == trial.value
            assert float(tracked.data.params["training.learning_rate"]) == pytest.approx(
                trial.params["training.learning_rate"]
            )

    assert main(["search", "small.yaml"]) == 0, "nothing is left to do"
    assert "all of its 3 trials are done" in capsys.readouterr().err
    assert found() == tuning
    assert len(runs()["trial"]) == 6

    assert main(["ablation", "small.yaml", "--tuned"]) == 0
    trained = {
        (run.data.tags["harness.arm"], run.data.params["training.learning_rate"])
        for run in runs()["run"]
    }
    wanted = {
        (name, arm.best_trial.params["training.learning_rate"])
        for name, arm in tuning.arms.items()
        if arm.best_trial
    }
    assert {(arm, float(rate)) for arm, rate in trained} == wanted
    unknown = "at the file's own settings is not known here"
    assert unknown in unescape(page("small-tuned")), "nobody has run it"

    assert main(["ablation", "small.yaml"]) == 0
    assert 'id="search"' not in page("small")
    untuned = [line for line in capsys.readouterr().out.splitlines() if line.startswith("[")][-1]
    assert main(["ablation", "small.yaml", "--tuned"]) == 0
    tuned = Path("results/small-tuned/comparisons.json").read_text()
    sentence = untuned.partition("] ")[2]
    assert unknown not in unescape(page("small-tuned"))
    stored = load_ablation(open_store(None), "small").tuning
    assert stored is not None
    assert [one.sentence for one in stored.untuned] == [sentence]
    html = page("small-tuned").partition('id="provenance"')[0]
    assert main(["report", "small"]) == 0
    assert Path("results/small-tuned/comparisons.json").read_text() == tuned
    assert page("small-tuned").partition('id="provenance"')[0] == html


def page(folder: str) -> str:
    return Path("results", folder, "report.html").read_text()


def test_a_search_reads_no_test_item(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the studies are open, whoever looks at a test item fails."""
    real = harness.searching.studies_of

    class Forbidden:
        def _looked_at(self, *args: object) -> Iterator[object]:
            raise AssertionError("a search has looked at the test items")

        __iter__ = __len__ = __getitem__ = __bool__ = __contains__ = _looked_at  # type: ignore[assignment]

    def studies_of(prepared: Any, *args: Any, **kwargs: Any) -> Any:
        studies = real(prepared, *args, **kwargs)
        for dataset in prepared.datasets.values():
            object.__setattr__(dataset, "test", Forbidden())
        return studies

    monkeypatch.setattr(harness.searching, "studies_of", studies_of)
    assert main(["search", "small.yaml", "--set", "search.trials=2"]) == 0
    trials = [trial for arm in found().arms.values() for trial in arm.trials]
    assert [trial.reason for trial in trials] == [None] * 4


def test_other_test_items_make_no_other_study(work: Path) -> None:
    assert main(["search", "small.yaml", "--set", "search.trials=1"]) == 0
    before = {name: arm.study for name, arm in found().arms.items()}
    other = ["--set", "data.test.limit=30", "--set", "search.trials=1"]
    assert main(["search", "small.yaml", *other]) == 0
    assert {name: arm.study for name, arm in found().arms.items()} == before
    changed = ["--set", "data.train.limit=50", "--set", "search.trials=1"]
    assert main(["search", "small.yaml", *changed]) == 0
    assert not {arm.study for arm in found().arms.values()} & {*before.values()}


def test_validation_items_that_are_test_items_are_refused(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"question": f"q{n}", "context": f"c{n}", "answers": ["a"]} for n in range(8)]
    for name in ("test", "copy"):
        Path(f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    places = (
        "{train: {file: train.jsonl}, test: {file: test.jsonl}, validation: {file: copy.jsonl}}"
    )
    Path("train.jsonl").write_text(
        "\n".join(json.dumps({**row, "question": f"other {row['question']}"}) for row in rows)
    )
    assert main(["search", "small.yaml", "--set", f"base.data={places}"]) == 2
    assert "would choose by the test" in capsys.readouterr().err
    assert not Path("optuna.journal").exists()


def test_an_unfinished_search_is_no_tuning(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ablation", "small.yaml", "--tuned"]) == 2
    assert "there is no such search storage" in capsys.readouterr().err
    assert main(["search", "small.yaml", "--set", "search.trials=1"]) == 0
    capsys.readouterr()
    assert main(["ablation", "small.yaml", "--tuned"]) == 2
    error = capsys.readouterr().err
    assert "1 of 3 trials" in error
    assert "unequal" in error
    assert main(["ablation", "small.yaml", "--tuned", "--set", "training.epochs=2"]) == 2
    error = capsys.readouterr().err
    assert "was not searched with these settings" in error
    assert "small / question / " in error
    assert not runs().get("ablation")


def test_failed_trials_are_kept_with_their_reason(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = "search.space={training.learning_rate: {kind: float, low: 1.0e+20, high: 1.0e+30}}"
    assert main(["search", "small.yaml", "--set", space, "--set", "search.trials=2"]) == 1
    said = capsys.readouterr()
    assert "question: none of 2 trials has a score" in said.out
    assert "--tuned" not in said.out
    for arm in found().arms.values():
        assert [(trial.state, trial.value) for trial in arm.trials] == [("failed", None)] * 2
        assert all("diverged" in (trial.reason or "") for trial in arm.trials)
    failed = runs()["trial"]
    assert {run.info.status for run in failed} == {"FAILED"}
    assert all("diverged" in run.data.tags["harness.reason"] for run in failed)
    tuned = ["--set", space, "--set", "search.trials=2", "--tuned"]
    assert main(["ablation", "small.yaml", *tuned]) == 2
    assert "has no best settings" in capsys.readouterr().err


def test_trials_are_given_up_by_their_scores_in_between(work: Path) -> None:
    changes = [
        "search.pruner=halving", "search.trials=5", "search.metric=validation_loss",
        "training.max_steps=4", "training.evaluate_every=1",
    ]  # fmt: skip
    assert main(["search", "small.yaml", *(part for c in changes for part in ("--set", c))]) == 0
    tuning = found()
    assert (tuning.metric, tuning.direction) == ("validation_loss", "minimize")
    trials = [trial for arm in tuning.arms.values() for trial in arm.trials]
    pruned = [trial for trial in trials if trial.state == "pruned"]
    assert pruned
    for trial in trials:
        assert [number for number, _ in trial.curve] == [*range(1, len(trial.curve) + 1)]
        assert (len(trial.curve) < 4) == (trial.state == "pruned")
        assert trial.value == pytest.approx(trial.curve[-1][1])
    states = [run.data.tags["harness.trial_state"] for run in runs()["trial"]]
    assert states.count("pruned") == len(pruned)
    for arm in tuning.arms.values():
        assert arm.best_trial is not None
        assert arm.best_trial.state == "complete"
        assert arm.best_trial.value == min(
            trial.value for trial in arm.trials if trial.state == "complete" and trial.value
        )


def test_a_study_that_two_workers_began_is_ended_for_both(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one whose run the storage names may be killed before it can end it."""
    work_on, theirs = harness.searching.work_on, []

    def with_another(one: Any, *rest: Any) -> None:
        store = open_store(None)
        mine = store.client.get_run(one.study.user_attrs["mlflow_run"])
        kind = {"harness.kind": "study", "harness.arm": one.arm.name}
        theirs.append(store.client.create_run(mine.info.experiment_id, tags=kind).info.run_id)
        one.study.set_user_attr("mlflow_run", theirs[-1])
        work_on(one, *rest)

    monkeypatch.setattr(harness.searching, "work_on", with_another)
    assert main(["search", "small.yaml", "--set", "search.trials=1"]) == 0
    assert {arm.run_id for arm in found().arms.values()} == {*theirs}
    assert [run.info.status for run in runs()["study"]] == ["FINISHED"] * 4
