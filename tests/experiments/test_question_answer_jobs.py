"""FreebaseQA, Alpaca and fine-tuning with freezing: the files as they are, on tiny models and a
few rows typed in the format of their data."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from harness.cli import main
from harness.data.encoding import encode
from harness.experiment import load_experiment, make_plan
from harness.models.base import load_tokenizer
from harness.preparation import prepare
from harness.tracking import load_ablation, open_store

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
QUESTIONS = [
    ("1980 Pac Man was released arcade version by which company", "midway"),
    (
        "A 1986 film starring Richard E. Grant and Paul McGann, described as \"one of Britain's"
        ' biggest cult films", is what?',
        "withnail and i",
    ),
    ("Who wrote the novel, Kim?", "rudyard kipling"),
    ("What is the capital of Peru", "lima"),
    ("85326", "a town in Arizona, by its code"),
    ("Which river flows through Paris?", "seine"),
]
INSTRUCTIONS = [
    ("Give three tips for staying healthy.", "", "1. Eat well.\n2. Sleep.\n3. Move."),
    ("Find the odd one out.", "Twitter, Instagram, Telegram", "Telegram"),
    ("Rewrite the sentence.\nKeep it short.", "He was, as it were, late.", "He was late."),
    ("Say nothing.", "", ""),
    ("Translate to French.", "noinput", "Que voulez-vous traduire ?"),
    ("Name a colour.", "  ", "Red"),
]
SMALL = [
    "base.model.name={model}", "seeds=[0, 1]", "resources.threads=1",
    "base.prompt.max_tokens=120", "base.prompt.max_target_tokens=24",
    "base.generation.max_new_tokens=6", "base.training.epochs=1",
]  # fmt: skip


@pytest.fixture
def work(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the three experiments name, as the current one."""
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    for name in ("train", "test"):
        with (tmp_path / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([("question", "answer"), *QUESTIONS])
        rows = [
            dict(zip(("instruction", "input", "output"), row, strict=True)) for row in INSTRUCTIONS
        ]
        (tmp_path / f"{name}.json").write_text(json.dumps(rows))
    both = [{"Question": question, "Answer": answer} for question, answer in QUESTIONS]
    (tmp_path / "data.json").write_text(json.dumps({"train": both * 2, "test": both}))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(name: str, model: Path, *changes: str) -> pd.DataFrame:
    """Scores of an experiment, once all its runs have finished."""
    options = [change.format(model=model) for change in SMALL] + list(changes)
    sets = [part for option in options for part in ("--set", option)]
    assert main(["ablation", str(EXPERIMENTS / f"{name}.yaml"), *sets]) == 0
    experiment = load_experiment(EXPERIMENTS / f"{name}.yaml").name
    stored = load_ablation(open_store(None), experiment)
    assert {record.status for record in stored.records} == {"finished"}
    return pd.read_parquet(f"results/{experiment}/scores.parquet")


@pytest.mark.slow
def test_freebaseqa(work: Path, model_folders: dict[str, Path]) -> None:
    limit = "base.data.max_characters={fields: [question, answer], limit: 60, drop: false}"
    scores = run("freebaseqa", model_folders["llama"], "base.model.adapter.r=2", limit)
    assert set(scores["arm"]) == {"untrained", "fine-tuned"}
    assert len(scores) == 2 * 2 * len(QUESTIONS)
    listed = pd.read_csv("results/freebaseqa/tables/long_items.csv")
    long = [question for question, answer in QUESTIONS if len(question) + len(answer) > 60]
    assert len(listed) == 2 * len(long) > 0, "flagged in both splits, and kept"
    client = open_store(None).client
    stored = load_ablation(open_store(None), "freebaseqa")
    saved = {
        record.arm: {file.path for file in client.list_artifacts(record.run_id, "model")}
        for record in stored.records
    }
    assert "model/untrained.json" in saved["untrained"]
    assert "model/adapter_model.safetensors" in saved["fine-tuned"]


@pytest.mark.slow
def test_alpaca(work: Path, model_folders: dict[str, Path]) -> None:
    others = f"factors.base.treatments={{other: {{model.name: {model_folders['bloom']}}}}}"
    scores = run("alpaca", model_folders["llama"], "base.model.adapter.r=2", others)
    assert set(scores["arm"]) == {
        f"{tuned} / {base}"
        for tuned in ("untrained", "fine-tuned")
        for base in ("SmolLM2-135M", "other")
    }
    changed = [*(one.format(model=model_folders["llama"]) for one in SMALL), others]
    plan = make_plan(load_experiment(EXPERIMENTS / "alpaca.yaml", changed))
    prepared = prepare(plan)
    tokenizer = load_tokenizer(plan.arms[0].config.model, prepared.models[plan.arms[0].name])
    items = prepared.datasets[plan.arms[0].name].test
    encoded = encode(items, plan.arms[0].config.prompt, tokenizer, encoder_decoder=False)
    sections = ["### Input:" in one.prompt for one in encoded]
    assert sections == [bool(given.strip()) for _, given, _ in INSTRUCTIONS]


@pytest.mark.slow
def test_fine_tuning_with_freezing(work: Path, model_folders: dict[str, Path]) -> None:
    scores = run(
        "sft_freezing", model_folders["gpt_neo"], "base.training.evaluate_every=2",
        "factors.frozen.treatments={all but feed-forward: {model.freeze: {groups: [embeddings,"
        " layer_norms, attention]}}, all but one layer: {model.freeze: {groups: all,"
        " except_layers: [-1]}}}",
    )  # fmt: skip
    assert len(set(scores["arm"])) == 3
    trained = {
        record.arm: record.metrics["trainable_percent"]
        for record in load_ablation(open_store(None), "sft-freezing").records
    }
    assert trained["nothing"] == pytest.approx(100)
    assert 0 < trained["all but feed-forward"] < 100
    assert 0 < trained["all but one layer"] < 100
    assert not list(Path("results/sft-freezing/predictions-partial").glob("*"))
