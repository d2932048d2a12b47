"""experiments/squad_families.yaml on small models of its three families, with SQuAD's own rows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from harness.cli import main

FILE = Path(__file__).parents[2] / "experiments" / "squad_families.yaml"
CONTEXT = "context: question+context vs question"
WORDS = ["red", "blue", "green", "one", "two", "three", "four", "five", "six", "seven", "eight"]


def _squad(path: Path, n_articles: int) -> str:
    """A file as SQuAD 1.1 has them: articles of two paragraphs of three questions."""

    def paragraph(article: int, number: int) -> dict[str, object]:
        words = [WORDS[(article + number + step) % len(WORDS)] for step in range(5)]
        context = f"Mola {article} is near {words[0]} and {words[1]} {number} of {words[2]}."
        asked = [
            {
                "id": f"{path.stem}-{article}-{number}-{index}",
                "question": f"What is {word} in Mola {article}?",
                "answers": [{"text": word, "answer_start": context.index(word)}],
            }
            for index, word in enumerate(words[:3])
        ]
        return {"context": context, "qas": asked}

    articles = [
        {"title": f"{path.stem} {one}", "paragraphs": [paragraph(one, 0), paragraph(one, 1)]}
        for one in range(n_articles)
    ]
    path.write_text(json.dumps({"version": "1.1", "data": articles}))
    return str(path)


@pytest.fixture
def assignments(
    tmp_path: Path,
    empty_store: Path,
    model_folders: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> list[str]:
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    monkeypatch.chdir(tmp_path)
    model = {name: {"model.name": str(path)} for name, path in model_folders.items()}
    control = yaml.safe_dump({"T5": model["t5"]}, default_flow_style=True, width=1000)
    treatments = yaml.safe_dump(
        {"Llama": model["llama"], "BLOOM": model["bloom"]},
        default_flow_style=True,
        sort_keys=False,
        width=1000,
    )
    given = [
        f"base.model.name={model_folders['t5']}",
        f"data.train.file={_squad(tmp_path / 'train.json', 2)}",
        f"data.test.file={_squad(tmp_path / 'dev.json', 3)}",
        f"factors.model.control={control.strip()}",
        f"factors.model.treatments={treatments.strip()}",
        "prompt.max_tokens=128",
        "seeds=[0, 1]",
        "training={max_steps: 60, learning_rate: 0.01, batch_size: 12}",
        "generation.max_new_tokens=6",
        "resources={threads: 1}",
    ]
    return [part for one in given for part in ("--set", one)]


@pytest.mark.slow
def test_the_effect_of_the_context_is_found_by_model_and_compared_between_them(
    assignments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", str(FILE), *assignments]) == 0
    shown = capsys.readouterr().out
    for arm in ("T5 / question", "Llama / question+context", "BLOOM / question+context"):
        assert arm in shown
    assert main(["ablation", str(FILE), *assignments]) == 0
    found = json.loads(Path("results/squad-families/comparisons.json").read_text())
    f1 = {one["contrast"]: one for one in found if one["metric"] == "f1"}
    assert {name: one["claim"] for name, one in f1.items()} == {CONTEXT: "better"} | {
        f"{CONTEXT} × model: {model} vs T5": "different" for model in ("Llama", "BLOOM")
    }
    scores = pd.read_parquet("results/squad-families/scores.parquet")
    means = scores.groupby("arm")["f1"].mean()
    effect = {
        model: means[f"{model} / question+context"] - means[f"{model} / question"]
        for model in ("T5", "Llama", "BLOOM")
    }
    assert max(means) > 20, "else this compares nothing"
    assert f1[CONTEXT]["estimate"] == pytest.approx(sum(effect.values()) / 3)
    for model in ("Llama", "BLOOM"):
        one = f1[f"{CONTEXT} × model: {model} vs T5"]
        assert one["estimate"] == pytest.approx(effect[model] - effect["T5"])
    page = Path("results/squad-families/report.html").read_text()
    assert (
        "whether the effect of question+context over question differs between Llama and T5" in page
    )
