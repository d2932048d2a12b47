"""The main job on a small experiment: results, reuse, failures."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pandas as pd
import pytest

from harness.cli import main
from harness.tracking import open_store
from tests.small import comparisons

ROOT = Path(__file__).parents[1]
KEYS = {
    "contrast", "claim", "metric", "scope", "method", "control_mean", "treatment_mean", "estimate",
    "ci_low", "ci_high", "level", "p_value", "p_adjusted", "verdict", "margin", "n_items",
    "n_clusters", "n_seeds",
}  # fmt: skip


def test_an_ablation_from_file_to_report(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left_over = work / "results" / "small" / "checkpoints" / "of-another-plan"
    left_over.mkdir(parents=True)
    assert main(["ablation", "small.yaml"]) == 0
    assert left_over.is_dir(), "it may be another process's"
    printed = capsys.readouterr()
    assert "has checkpoints of 1 runs that are not of this plan" in printed.err
    assert "question+context" in printed.out.splitlines()[0]
    assert printed.out.splitlines()[-1] == "report: results/small/report.html"
    for n, run in enumerate(("question / seed 0", "question+context / seed 0"), start=1):
        assert f"[{n}/4] {run}: EM" in printed.err

    declared = [entry for entry in comparisons() if not entry["exploratory"]]
    assert len(declared) == 1
    assert all(set(entry) >= KEYS for entry in comparisons())
    entry = declared[0]
    assert (entry["n_items"], entry["n_seeds"], entry["level"]) == (40, 2, 0.95)
    assert entry["scope"] == "recipe"

    table = pd.read_parquet("results/small/scores.parquet")
    assert len(table) == 2 * 2 * 40
    means = table.groupby("arm")["f1"].mean()
    difference = means["question+context"] - means["question"]
    assert entry["estimate"] == pytest.approx(difference, abs=1e-9)
    assert entry["treatment_mean"] == pytest.approx(means["question+context"], abs=1e-9)

    client = open_store(None).client
    runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
    parent = next(run for run in runs if run.data.tags["harness.kind"] == "ablation")
    children = [
        run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id
    ]
    assert len(children) == 4
    assert {run.info.run_name for run in children} == {
        f"{arm} / seed {seed}" for arm in ("question", "question+context") for seed in (0, 1)
    }
    stored = {file.path for file in client.list_artifacts(parent.info.run_id)}
    made = {"report.html", "report.md", "comparisons.json", "scores.parquet", "experiment.yaml"}
    assert made | {"tables", "figures"} <= stored
    assert any(
        file.path.endswith(".png") for file in client.list_artifacts(parent.info.run_id, "figures")
    )
    assert "better" in parent.data.tags["mlflow.note.content"]
    for run in children:
        arm, seed = run.data.tags["harness.arm"], int(run.data.tags["harness.seed"])
        own = table[(table["arm"] == arm) & (table["seed"] == seed)]
        assert run.data.metrics["f1"] == pytest.approx(own["f1"].mean(), abs=1e-9)
        assert run.data.metrics["trainable_parameters"] < run.data.metrics["parameters"]
        assert len(client.get_metric_history(run.info.run_id, "train_loss")) > 1
        assert math.isfinite(run.data.metrics["peak_memory_mb"])

    _check_saved_model_predicts_the_same(client, children, work)
    first = comparisons()
    _check_reuse(first, capsys)
    _check_report_verb(parent.info.run_id, first)


def _check_saved_model_predicts_the_same(client, children, work: Path) -> None:
    """The stored adapter loads with peft alone, and answers as the stored predictions say."""
    from peft import AutoPeftModelForSeq2SeqLM
    from transformers import AutoTokenizer

    run = next(r for r in children if r.info.run_name == "question+context / seed 1")
    folder = client.download_artifacts(run.info.run_id, "model", str(work))
    stored = pd.read_parquet(
        client.download_artifacts(run.info.run_id, "predictions.parquet", str(work))
    )
    model, tokenizer = (
        AutoPeftModelForSeq2SeqLM.from_pretrained(folder),
        AutoTokenizer.from_pretrained(folder),
    )
    for _, row in stored.head(5).iterrows():
        output = model.generate(
            **tokenizer(row["prompt"], return_tensors="pt"), max_new_tokens=4, do_sample=False
        )
        assert tokenizer.decode(output[0], skip_special_tokens=True).strip() == row["prediction"]


def _check_reuse(first: list[dict[str, object]], capsys: pytest.CaptureFixture[str]) -> None:
    started = time.monotonic()
    assert main(["ablation", "small.yaml", "--output", "again"]) == 0
    assert time.monotonic() - started < 20
    assert "4 of 4 runs are finished and reused" in capsys.readouterr().err
    assert comparisons(Path("again")) == first
    assert main(["plan", "small.yaml"]) == 0
    assert "(4 of 4 are finished and would be reused)" in capsys.readouterr().out


def _check_report_verb(run_id: str, first: list[dict[str, object]]) -> None:
    assert main(["report", run_id, "--output", "remade"]) == 0
    assert comparisons(Path("remade")) == first
    made, remade = (Path(f"{f}/report.html").read_text() for f in ("results/small", "remade"))
    start = made.index("Where does it differ?")
    assert "Question word" in made[start:]
    assert "Answer seen in training" in made[start:]
    end = remade.index("Runs and costs")
    assert remade[remade.index("Where does it differ?") : end] in made
    assert "Was the test given away?" in remade
    again = Path("again/report.html").read_text()
    for page in (made, remade, again):  # the same curves and lengths, from whichever run has them
        assert "Losses while training, by arm and seed. question: seed 0 training" in page
        assert "Lengths in words. question: test median" in page
        assert _from_training(page) == _from_training(made)
    assert main(["plan", "small.yaml", "--pilot", "small"]) == 0


def _from_training(page: str) -> str:
    return page[page.index('<h2 id="training">') : page.index('<h2 id="overlap">')]


def test_no_reuse_runs_again_with_the_same_result(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one_seed = ["small.yaml", "--set", "seeds=[3]"]
    assert main(["ablation", *one_seed]) == 0
    first = comparisons()
    assert main(["ablation", *one_seed, "--no-reuse"]) == 0
    assert "[2/2]" in capsys.readouterr().err.split("opening the tracking store")[2]
    assert comparisons() == first
    assert first[0]["scope"] == "checkpoints"


def test_a_change_after_the_results_is_told(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ablation", "small.yaml"]) == 0
    page = Path("results/small/report.html")
    assert "when no run had a result, and have not changed since" in page.read_text()
    assert "Did the base model know the test file?" not in page.read_text()
    probed = ["--set", "analysis.exposure_probe=true"]
    assert main(["ablation", "small.yaml", "--set", "analysis.alpha=0.2", *probed]) == 0
    html = page.read_text()
    assert "Did the base model know the test file?" in html
    assert "an encoder-decoder model gives a text no likelihood by itself" in html
    assert "What was declared was changed (alpha) when 4 runs of this experiment had" in html
    assert "4 of 4 runs had results, and 4 runs of earlier ablations had finished" in html
    assert "when no run had a result, and changed later" in html
    name = capsys.readouterr().out  # the report made again from the store says the same
    assert main(["report", "small"]) == 0
    assert "What was declared was changed (alpha)" in page.read_text()
    assert capsys.readouterr().out in name
    _check_combined()


def _check_combined() -> None:
    runs = open_store(None).client.search_runs(["1"], "tags.`harness.kind` = 'ablation'")
    ids = [run.info.run_id for run in runs]
    assert len(ids) == 2
    assert main(["report", *ids]) == 0
    html = Path("results/combined/report.html").read_text()
    assert "2 ablations, " in html
    assert all(name[:8] in html for name in ids)
    assert main(["report", ids[0], ids[0]]) == 2


def test_a_sequential_ablation_stops_when_it_knows(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["small.yaml", "--set", "seeds=[0, 1, 2, 3, 4]", "--set", "analysis.sequential=true"]
    easy = "analysis.hypotheses=[{factor: context, claim: non_inferior, margin: 90}]"
    assert main(["ablation", *options, "--set", easy]) == 0
    printed = capsys.readouterr()
    assert "[6/10] question+context / seed 2" in printed.err
    assert "every hypothesis is decided: the seeds that are left are not run" in printed.err
    assert "[7/10]" not in printed.err
    first = comparisons()
    assert first[0]["n_seeds"] == 3
    assert first[0]["level"] == pytest.approx(1 - 0.05 * 0.1)
    assert "Judged after 3 of 5 planned seeds" in Path("results/small/report.html").read_text()
    assert main(["report", "small"]) == 0, "runs that were not needed have not failed"
    assert comparisons() == first
    assert main(["plan", *options]) == 0
    assert "3 (alpha 0.005), 4 (alpha 0.005), 5 (alpha 0.04)" in capsys.readouterr().out


def test_a_diverging_run_fails_alone(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    huge = "{huge: {training.learning_rate: 1.0e+30}}"
    diverging = f"factors.rate={{control: {{usual: {{}}}}, treatments: {huge}}}"
    hypothesis = "analysis.hypotheses=[{factor: context, claim: better}]"
    arguments = ["--set", diverging, "--set", hypothesis, "--set", "seeds=[0]"]
    assert main(["ablation", "small.yaml", *arguments]) == 1
    printed = capsys.readouterr().err
    assert printed.count("failed: training diverged: train_loss was") >= 2
    assert "[4/4]" in printed
    html = Path("results/small/report.html").read_text()
    assert "training diverged" in html
    entry = comparisons()[0]
    assert entry["estimate"] is None
    assert entry["reason"]
    table = pd.read_parquet("results/small/scores.parquet")
    scored = table.dropna(subset=["f1"])
    assert set(scored["arm"]) == {"question / usual", "question+context / usual"}


def test_a_failed_run_leaves_nothing_on_the_shared_base(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LoRA on `layer_norm` fails only after `v` was wrapped; the other arm must not inherit it."""
    monkeypatch.setattr("harness.fitting.check_fit", lambda *arm: "what was not looked at")
    axis = (
        "factors.context={control: {q: {model.adapter.targets: [q]}},"
        " treatments: {broken: {model.adapter.targets: [v, layer_norm]}}}"
    )
    small = ["--set", "data.train.limit=16", "--set", "data.test.limit=8"]
    assert main(["ablation", "small.yaml", "--set", axis, *small]) == 1
    client = open_store(None).client
    runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
    by_name = {run.info.run_name: run for run in runs}
    trained = {
        seed: by_name[f"q / seed {seed}"].data.metrics["trainable_parameters"] for seed in (0, 1)
    }
    assert trained[0] == trained[1]
    assert by_name["broken / seed 0"].info.status == "FAILED"
    assert "LayerNorm" in by_name["broken / seed 0"].data.tags["harness.reason"]
