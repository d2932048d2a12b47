"""The two ViGGO experiments, with typed-in rows of its format and tiny models."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from harness.ablation import run_ablation
from harness.data.encoding import encode
from harness.errors import ExperimentError
from harness.experiment import Plan, load_experiment, make_plan
from harness.fitting import check_fit
from harness.models.base import load_tokenizer
from harness.preparation import prepare
from harness.tracking import load_ablation, open_store

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
ROWS = [
    (
        "inform(name[Dirt: Showdown], esrb[E 10+ (for Everyone 10 and Older)],"
        " genres[driving/racing, sport])",
        'Dirt: Showdown, "a racing game", is rated E 10+.',
    ),
    ("request(release_year[2014], specifier[terrible])", "Were there even any in 2014?"),
    ("request(release_year[2014], specifier[terrible])", "Any terrible ones in 2014?"),
    ("request_attribute(player_perspective[])", "Which perspective do you prefer?"),
    ("confirm(name[Tony Hawk's Pro Skater 3], genres[sport])", "You mean Tony Hawk's, right?"),
    ("give_opinion(name[Pokémon], rating[poor])", "Pokémon was poor, I think."),
]


@pytest.fixture
def settings(tmp_path: Path, model_folders: dict[str, Path]) -> list[str]:
    for split in ("train", "validation", "test"):
        with (tmp_path / f"{split}.csv").open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([("mr", "ref"), *ROWS])
    return [
        f"base.model.name={model_folders['mistral']}",
        *(f"base.data.{split}.file={tmp_path / split}.csv" for split in
          ("train", "validation", "test")),
        "base.model.adapter.r=2", "base.prompt.max_tokens=180", "base.prompt.max_target_tokens=60",
        "base.generation.max_new_tokens=60", "seeds=[0]", "resources.threads=1",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["viggo", "viggo_parse"])
def test_the_files_are_as_people_run_it_on_mistral(name: str) -> None:
    base = load_experiment(EXPERIMENTS / f"{name}.yaml").base
    assert base.model.name == "mistralai/Mistral-7B-v0.1"
    assert (base.model.precision, base.training.gradient_checkpointing) == ("nf4", True)
    assert (base.prompt.max_target_tokens, base.generation.max_new_tokens) == (128, 128)
    assert base.training.warmup_share


@pytest.mark.parametrize("name", ["viggo", "viggo_parse"])
def test_before_and_after_answer_the_same_items(
    name: str,
    settings: list[str],
    tmp_path: Path,
    empty_store: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    file, out = str(EXPERIMENTS / f"{name}.yaml"), str(tmp_path / "out")
    assert run_ablation(file, settings, output=out, tracking_uri=store) == 0
    before, after = load_ablation(open_store(store), name.replace("_", "-")).records
    assert (before.metrics["trainable_parameters"], before.metrics["kept_step"]) == (0, 0)
    assert after.metrics["trainable_parameters"] > 0
    assert after.metrics["kept_step"] == 1
    assert ("ser" in after.metrics) == (name == "viggo_parse")
    page = (tmp_path / "out" / "report.html").read_text()
    assert ("SER ↓" in page) == (name == "viggo_parse")
    assert "Pokémon" in page
    assert "after" in page


@pytest.mark.parametrize("name", ["viggo", "viggo_parse"])
def test_targets_end_with_the_end_of_sequence(name: str, settings: list[str]) -> None:
    plan = plan_of(name, settings)
    prepared, arm = prepare(plan), plan.arms[1]
    source = prepared.models[arm.name]
    tokenizer = load_tokenizer(arm.config.model, source)
    items = prepared.datasets[arm.name].train
    for one, (mr, ref) in zip(
        encode(items, arm.config.prompt, tokenizer, encoder_decoder=False), ROWS, strict=True
    ):
        assert one.target_ids[-1] == tokenizer.eos_token_id
        if not one.target_cut:
            text = tokenizer.decode(one.target_ids[:-1])
            assert text == " " + (mr if name == "viggo_parse" else ref)
    untrained = check_fit(plan.arms[0].config, source, prepared.datasets["before"])
    assert str(untrained).startswith("none of ")


def test_a_rate_of_slots_needs_meaning_representations(settings: list[str]) -> None:
    with pytest.raises(ExperimentError, match="can score no item"):
        prepare(plan_of("viggo", [*settings, "analysis.primary=ser"]))


def plan_of(name: str, settings: list[str]) -> Plan:
    return make_plan(load_experiment(EXPERIMENTS / f"{name}.yaml", settings))
