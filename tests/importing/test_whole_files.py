"""From configuration to experiment, as a person would do it: `harness import`, then `plan`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from harness.cli import main
from harness.experiment import load_experiment, make_plan
from tests.importing.helpers import LUDWIG, SFT, minimal, written

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
JOBS = [["ludwig", file] for file in LUDWIG] + [["sft", *files] for files in SFT]


@pytest.mark.parametrize("job", JOBS, ids=lambda job: Path(job[1]).stem)
def test_what_is_imported_is_an_experiment(
    job: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "x.yaml"
    assert main(["import", *job, "-o", str(output)]) == 0
    assert "Taken over" in capsys.readouterr().out
    experiment = load_experiment(output)
    plan = make_plan(experiment)
    assert [arm.config.training.max_steps == 0 for arm in plan.arms] == [True, False]
    assert experiment.analysis.hypotheses[0].claim == "better"
    assert output.read_text().startswith("# yaml-language-server: $schema=")

    before = output.read_text()
    assert main(["import", *job, "-o", str(output)]) == 2
    assert output.read_text() == before
    assert main(["import", *job, "-o", str(output), "--force"]) == 0


def test_imported_settings_arrive(tmp_path: Path) -> None:
    output = tmp_path / "x.yaml"
    assert main(["import", "sft", *SFT[0], "-o", str(output)]) == 0
    experiment = load_experiment(output)
    freeze = experiment.base.model.freeze
    assert freeze is not None
    assert freeze.groups == ("embeddings", "layer_norms", "attention")
    assert freeze.except_layers == (10, 11)
    assert experiment.base.training.betas == (0.9, 0.98)
    assert experiment.base.training.log_every == 10
    assert experiment.wandb is not None
    assert experiment.wandb.project == "question-answering"


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"model_type": "ecd"}, "line 1: model_type"),
        ({"trainer__learning_rate": -1}, "trainer.learning_rate"),
        ({"trainer__optimizer__betas": 3}, "trainer.optimizer.betas"),
        ({"quantization__bits": 4}, "quantization.bits"),
        ({"adapter": {"type": "lora", "dropout": 7}}, "adapter.dropout"),
        ({"prompt__template": "{question:>9}"}, "prompt.template"),
    ],
)
def test_what_is_wrong_is_found_where_it_stands_and_nothing_is_written(
    changed: dict[str, object],
    found: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = written(tmp_path, minimal(**changed))
    output = tmp_path / "x.yaml"
    assert main(["import", "ludwig", file, "-o", str(output)]) == 2
    error = capsys.readouterr().err
    assert f"where:   {file}, line" in error
    assert found in error
    assert not output.exists()


def test_an_imported_experiment_plans_on_real_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [{"Question": f"who is {n}", "Answer": str(n)} for n in range(20)]
    Path("data.json").write_text(json.dumps({"train": rows[:15], "test": rows[15:]}))
    trainer = written(tmp_path, "{model: 'embedded:tiny_t5', data: {path: data.json}, epochs: 1}")
    assert main(["import", "sft", trainer, "-o", "x.yaml"]) == 0
    assert main(["plan", "x.yaml", "--tracking-uri", "sqlite:///m.db"]) == 0
    assert "15 training, 0 validation, 5 test items" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["freebaseqa", "alpaca", "sft_freezing"])
def test_the_experiments_of_these_jobs_are_valid(name: str) -> None:
    file = EXPERIMENTS / f"{name}.yaml"
    assert len(make_plan(load_experiment(file)).runs) >= 6
    assert "added by the importer" not in file.read_text()
    assert yaml.safe_load(file.read_text())["base"]["model"]["name"].count("/") == 1


def test_the_file_names_the_whole_command_that_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(written(tmp_path, minimal())).rename("c.yaml")
    command = ["import", "ludwig", "c.yaml", "-o", "x.yaml", "--data", "a b.csv", "--test", "t.csv"]
    assert main(command) == 0
    told = "`harness import ludwig c.yaml -o x.yaml --data 'a b.csv' --test t.csv`"
    assert told in Path("x.yaml").read_text()
