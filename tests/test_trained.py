"""Trained arms taken back from the store, and models from folders."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from harness.data import Item, load_dataset
from harness.errors import DataError, ExperimentError, ModelError, TrackingError
from harness.experiment.data import Prompt
from harness.experiment.model import Model
from harness.experiment.recipe import Generation
from harness.finding import find_arm
from harness.publishing.staging import stage
from harness.reporting import plan_of_stored
from harness.tracking import open_store
from harness.tracking.trained import TrainedRun, find_trained, model_folder
from harness.trained import load_arm, spec_of
from tests.reports.tunings import RATE, arm_of, tuning_of


@pytest.fixture
def work(tiny_ablation: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tiny_ablation)
    return tiny_ablation


def found(name: str) -> tuple[TrainedRun, tuple[Item, ...], list[str]]:
    """A run, its test items, and its stored predictions."""
    store = open_store(None, must_exist=True)
    run = find_trained(store, name)
    path = store.client.download_artifacts(run.model_run, "predictions.parquet")
    items = load_dataset(spec_of(run).arm.config.data).test
    table = pd.read_parquet(path)
    assert [item.id for item in items] == list(table["item"])
    return run, items, list(table["prediction"])


@pytest.mark.parametrize("family", ["t5", "llama"])
@pytest.mark.parametrize("trained", ["lora", "qlora", "whole", "untrained"])
def test_stored_predictions_come_out_again(work: Path, family: str, trained: str) -> None:
    run, items, stored = found(f"tiny/{family}/{trained}")
    assert run.model_run != run.run_id, "the newest ablation reuses the first one's runs"
    assert len(set(stored)) > 3, "else any model would do"
    arm = load_arm(f"tiny/{family}/{trained}")
    assert [one.text for one in arm.answers(items)] == stored
    if "lora" in trained:  # the base is still there by itself
        with arm.model.disable_adapter():
            assert [one.text for one in arm.answers(items)] != stored


def test_an_arm_from_its_id_and_one_question(work: Path) -> None:
    run, items, stored = found("tiny / llama / lora / seed 3")
    arm = load_arm(run.model_run[:12])
    item = items[0]
    own = arm.answers([Item("question", dict(item.fields), (), (), ())])[0].text
    assert arm.answer(item.fields["question"], item.fields["context"]) == own
    assert arm.answers(items)[0].text == stored[0]
    with pytest.raises(DataError, match="--context"):
        arm.answer("where is Mola")


def test_a_watched_answer_is_the_stored_one(work: Path) -> None:
    _, items, stored = found("tiny/llama/lora")
    arm = load_arm("tiny/llama/lora")
    counts: list[int] = []
    asked = [
        arm.stream(item.fields, item.id, lambda text, count: bool(counts.append(count)))
        for item in items
    ]
    assert [one.prediction.text for one in asked] == stored
    assert [one.prediction.item_id for one in asked] == [item.id for item in items]
    assert len(counts) == sum(one.prediction.new_tokens for one in asked)
    assert all(one.encoded.context_cut > 0 for one in asked), "they are longer than 64 tokens"
    assert all(one.seconds > 0 for one in asked)
    ended = arm.stream(items[0].fields, items[0].id, lambda text, count: count == 2)
    assert ended.prediction.new_tokens <= 2
    with pytest.raises(ExperimentError, match="context"):
        arm.stream({"question": "where is Mola"})


@pytest.mark.parametrize("trained", ["lora", "whole", "untrained"])
def test_an_arm_is_found_without_being_loaded(work: Path, trained: str) -> None:
    with find_arm(f"tiny/llama/{trained}") as one, find_arm("tiny/llama/qlora") as other:
        assert (one.adapter is not None) == (trained == "lora")
        assert (one.source.identity == other.source.identity) == (trained != "whole")
        assert (one.model.precision, other.model.precision) == ("full", "nf4")
        assert one.settings.seed == 3
        assert one.settings.model.name == other.settings.model.name
        folder = Path(one.source.location)
        assert folder.is_dir()
    assert folder.is_dir() == (trained != "whole"), "what a run trained is there for a while"


def test_what_may_be_blank_may_be_left_out(model_folders: dict[str, Path]) -> None:
    model = Model(name=str(model_folders["t5"]))
    short = load_arm(model, prompt=Prompt(template="question: {question}"))
    prompt = Prompt(
        template="{question} context: {context}", without={"context": "question: {question}"}
    )
    arm = load_arm(model, prompt=prompt)
    assert arm.answer("where is Mola") == short.answer("where is Mola")
    other = load_arm(model, prompt=prompt.model_copy(update={"without": {}}))
    with pytest.raises(DataError, match="--context"):
        other.answer("where is Mola")


@pytest.mark.parametrize("trained", ["qlora", "whole"])
def test_what_is_pushed_answers_the_same(
    work: Path, tmp_path: Path, model_folders: dict[str, Path], trained: str
) -> None:
    run, items, stored = found(f"tiny/llama/{trained}")
    arm = load_arm(f"tiny/llama/{trained}")
    with model_folder(open_store(None), run) as folder:
        stage(folder, tmp_path, arm.settings.model_copy(update={"seed": 3}), None)
    base = str(model_folders["llama"]) if trained == "qlora" else None
    again = load_arm(tmp_path, base_model=base)
    assert again.settings.model.precision == arm.settings.model.precision
    assert [one.text for one in again.answers(items)] == stored


def test_another_base_than_the_one_trained_on_is_refused(
    work: Path, model_folders: dict[str, Path]
) -> None:
    with pytest.raises(ModelError, match="not the one that this arm was trained on"):
        load_arm("tiny/llama/lora", base_model=str(model_folders["mistral"]))
    with pytest.raises(ModelError, match="--base-model"):
        load_arm("tiny/llama/lora", base_model="/nowhere/at/all")


def test_an_adapter_of_another_network_is_refused(
    work: Path, tmp_path: Path, model_folders: dict[str, Path]
) -> None:
    run, _, _ = found("tiny/llama/lora")
    with (
        model_folder(open_store(None), run) as folder,
        pytest.raises(ModelError, match="cannot be put on this base"),
    ):
        load_arm(folder, base_model=str(model_folders["gpt2"]))


def test_plain_models_answer_too(model_folders: dict[str, Path]) -> None:
    arm = load_arm(
        Model(name=str(model_folders["gpt2"])),
        prompt=Prompt(template="{question}: {place}"),
        generation=Generation(max_new_tokens=3),
    )
    same = load_arm(
        model_folders["gpt2"], prompt=arm.settings.prompt, generation=arm.settings.generation
    )
    assert arm.answer("where", place="river") == same.answer("where", place="river") != ""
    assert load_arm("embedded:tiny_t5").settings.prompt.template == "{question}"
    with pytest.raises(ModelError, match="not a folder"):
        load_arm(Path("nowhere"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tiny", "an ablation, not one of its runs(.|\n)*tiny/llama/lora/3"),
        ("tiny/llama/lora/4", "no such run(.|\n)*tiny/llama/lora/3"),
        ("tiny/llama/loro", "did you mean 'llama/lora'"),
        ("other/llama", "no such ablation(.|\n)*tiny"),
        ("ffffffff", "no such run(.|\n)*tiny/t5/whole/3"),
    ],
)
def test_a_wrong_name_shows_what_there_is(work: Path, name: str, expected: str) -> None:
    with pytest.raises(TrackingError, match=expected):
        load_arm(name)


def test_a_tuned_arm_has_what_its_search_found(work: Path) -> None:
    run, _, _ = found("tiny/t5/lora")
    best = arm_of([1.0], params=[{RATE: 0.5, "training.epochs": 2}])
    tuning = tuning_of({arm.name: best for arm in plan_of_stored(run.ablation).arms})
    tuned = run._replace(ablation=replace(run.ablation, tuning=tuning))
    assert spec_of(tuned).arm.config.training.learning_rate == 0.5
    assert spec_of(run).arm.config.training.learning_rate == 0.03


def test_the_package_imports_nothing_heavy_until_it_has_to() -> None:
    code = (
        "import sys, harness; assert 'harness.trained' not in sys.modules;"
        "from harness import load_arm; assert 'torch' not in sys.modules;"
        "assert load_arm.__module__ == 'harness.trained'; assert not hasattr(harness, 'nothing')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
