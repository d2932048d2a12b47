"""A single run: what it returns, and that sharing a base model changes nothing."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import pandas as pd
import pytest

from harness.data import Dataset, Item
from harness.experiment.base import Base
from harness.experiment.fingerprint import fingerprint
from harness.experiment.plan import Arm, RunSpec, make_plan
from harness.experiment.schema import Experiment
from harness.models.base import load_base
from harness.models.saving import UNTRAINED_FILE
from harness.results import COST_COLUMNS, RunRecord, cluster_columns
from harness.run import RunOutput, execute, train_along
from harness.steps import Listener, answer, encode_items


def _items(n: int, offset: int = 0) -> tuple[Item, ...]:
    return tuple(
        Item(
            id=f"q{offset + i}",
            fields={"question": f"who is {'red ' * i}", "context": "blue " * 60},
            answers=("one", "two") if i % 3 else (),
            answer_starts=(),
            clusters=(f"t{i % 2}", f"c{i}"),
        )
        for i in range(n)
    )


DATA = Dataset(_items(8), (), _items(6, offset=50), ("title", "context"), ())


def _spec(
    folder: Path, seed: int = 0, training: dict[str, object] | None = None, **model: object
) -> RunSpec:
    config = Base.model_validate(
        {
            "data": {
                "train": {"file": "a.json"},
                "test": {"file": "b.json"},
                **({"validation": {"file": "c.json"}} if training else {}),
            },
            "prompt": {
                "template": "question: {question} context: {context}",
                "target": " {answer}",
                "max_tokens": 60,
            },
            "model": {"name": str(folder), "adapter": {"r": 2, "dropout": 0.1}, **model},
            "training": training or {"epochs": 2, "batch_size": 3, "learning_rate": 1e-2},
            "generation": {"max_new_tokens": 3},
        }
    )
    return RunSpec(Arm("arm", {}, config), seed)


def _run(spec: RunSpec, base, folder: Path) -> RunOutput:
    quiet = Listener(stage=lambda name, done, total: None, log=lambda step, values: None)
    return execute(spec, DATA, base, quiet, folder)


@pytest.mark.parametrize("family", ["t5", "llama"])
def test_a_run_returns_predictions_scores_and_costs(
    family: str, model_folders: dict[str, Path], tmp_path: Path
) -> None:
    spec = _spec(model_folders[family])
    output = _run(spec, load_base(spec.arm.config.model), tmp_path / "model")
    table = output.predictions
    assert list(table["item"]) == [item.id for item in DATA.test]
    assert list(table["references"]) == [list(item.answers) for item in DATA.test]
    assert list(table["title"]) == ["t0", "t1"] * 3
    record = RunRecord("arm", 0, "finished", "f", predictions=table)
    assert cluster_columns([record]) == ("title", "context")
    assert (table["prompt_tokens"] <= 60).all()
    assert (table["new_tokens"].between(1, 3)).all()
    assert set(output.metrics) == {"em", "f1", "bleu", "rouge1", "rouge2", "rougeL", *COST_COLUMNS}
    assert output.metrics["prompts_cut"] == 6, "every context was too long"
    assert output.metrics["questions_cut"] == 0
    assert (tmp_path / "model" / "adapter_model.safetensors").is_file()
    assert (tmp_path / "model" / "tokenizer.json").is_file()


@pytest.mark.parametrize("precision", ["full", "nf4"])
@pytest.mark.parametrize("family", ["t5", "llama"])
def test_a_shared_base_gives_what_a_fresh_one_gives(
    family: str, precision: str, model_folders: dict[str, Path], tmp_path: Path
) -> None:
    spec = _spec(model_folders[family], seed=1, precision=precision)
    shared = load_base(spec.arm.config.model)
    _run(_spec(model_folders[family], seed=0, precision=precision), shared, tmp_path / "a")
    second = _run(spec, shared, tmp_path / "b")
    fresh = _run(spec, load_base(spec.arm.config.model), tmp_path / "c")
    pd.testing.assert_frame_equal(second.predictions, fresh.predictions)
    weights = [
        (tmp_path / name / "adapter_model.safetensors").read_bytes() for name in ("a", "b", "c")
    ]
    assert weights[1] == weights[2]
    assert weights[0] != weights[1]


def test_a_whole_model_is_saved_when_it_was_trained(
    model_folders: dict[str, Path], tmp_path: Path
) -> None:
    spec = _spec(model_folders["t5"], adapter=None)
    _run(spec, load_base(spec.arm.config.model), tmp_path / "model")
    saved = load_base(spec.arm.config.model.model_copy(update={"name": str(tmp_path / "model")}))
    assert saved.encoder_decoder
    original = load_base(spec.arm.config.model)
    assert any(
        (one != other).any()
        for one, other in zip(saved.model.parameters(), original.model.parameters(), strict=True)
    )


@pytest.mark.parametrize("family", ["t5", "llama"])
def test_the_controls_answers_are_made_twice_for_the_noise_floor(
    family: str, model_folders: dict[str, Path], tmp_path: Path
) -> None:
    """In fp32, another batching and order change nothing here."""
    tree = {
        "name": "n",
        "question": "?",
        "base": _spec(model_folders[family]).arm.config.model_dump(mode="json"),
        "factors": {"rate": {"control": {"a": {}}, "treatments": {"b": {"training.epochs": 1}}}},
        "seeds": [0],
        "analysis": {"noise_floor": True},
    }
    control, treatment = make_plan(Experiment.model_validate(tree)).runs
    assert (control.twice, treatment.twice) == (True, False)
    base = load_base(control.arm.config.model)
    twice = _run(control, base, tmp_path / "a").predictions
    assert list(twice["again"]) == list(twice["prediction"])
    assert "again" not in _run(treatment, base, tmp_path / "b").predictions
    once = _run(dataclasses.replace(control, twice=False), base, tmp_path / "c").predictions
    pd.testing.assert_frame_equal(twice.drop(columns="again"), once)
    identities = {
        fingerprint(one, data={"train": "x"}, model="m")
        for one in (control, dataclasses.replace(control, twice=False))
    }
    assert len(identities) == 2


def test_the_second_answers_are_batched_differently(
    model_folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = dataclasses.replace(_spec(model_folders["llama"]), twice=True)
    base = load_base(spec.arm.config.model)
    sizes: list[int] = []
    make = type(base.model).generate

    def listen(model, **given):
        sizes.append(len(given["input_ids"]))
        return make(model, **given)

    monkeypatch.setattr(type(base.model), "generate", listen)
    smaller = spec.arm.config.generation.model_copy(update={"batch_size": 4})
    config = spec.arm.config.model_copy(update={"generation": smaller})
    arm = dataclasses.replace(spec.arm, config=config)
    _run(dataclasses.replace(spec, arm=arm), base, tmp_path / "a")
    assert sizes == [4, 2, 2, 2, 2]


@pytest.mark.parametrize("family", ["t5", "llama"])
def test_the_best_state_is_chosen_by_generated_answers(
    family: str, model_folders: dict[str, Path], tmp_path: Path
) -> None:
    spec = _spec(
        model_folders[family],
        training={
            "epochs": 3, "batch_size": 4, "learning_rate": 1e-2, "evaluate_every": 2,
            "best": {"metric": "f1"},
        },
    )  # fmt: skip
    validation = tuple(dataclasses.replace(item, id=f"v{item.id}") for item in _items(4))
    heard: dict[int, dict[str, float]] = {}

    def log(step: int, values: dict[str, float]) -> None:
        heard.setdefault(step, {}).update(values)

    told = Listener(stage=lambda name, done, total: None, log=log)
    data = dataclasses.replace(DATA, validation=validation)
    base = load_base(spec.arm.config.model)
    output = execute(spec, data, base, told, tmp_path / "model")
    found = {
        step: values["validation_f1"] for step, values in heard.items() if "validation_f1" in values
    }
    assert list(found) == [2, 4, 6]
    assert all("validation_loss" in heard[step] for step in found)
    assert all(0 <= one <= 100 for one in found.values())
    assert output.metrics["kept_step"] == max(found, key=found.__getitem__)


def test_with_no_steps_the_base_answers_as_it_is(model_folders, tmp_path):
    """Whatever the other settings of training say: the base's own answers, and nothing saved."""
    training = {"max_steps": 0, "warmup_steps": 9, "evaluate_every": 2, "best": {"metric": "f1"}}
    spec = _spec(model_folders["llama"], training=training)
    data = dataclasses.replace(DATA, validation=_items(3, offset=20))
    base = load_base(spec.arm.config.model)
    weights = {name: one.clone() for name, one in base.model.named_parameters()}
    needed = [one.requires_grad for one in base.model.parameters()]
    logged = []
    listener = Listener(lambda *stage: None, lambda step, values: logged.append(step))
    output = execute(spec, data, base, listener, tmp_path / "model")
    encoded = encode_items(data.test, spec.arm.config.prompt, base)
    expected = answer(base.model, encoded, spec, base, lambda done, total: None)
    assert output.predictions["prediction"].tolist() == [one.text for one in expected]
    assert not logged
    told = output.metrics
    assert (told["kept_step"], told["train_seconds"], told["trainable_parameters"]) == (0, 0, 0)
    assert told["parameters"] == sum(one.numel() for one in base.model.parameters())
    assert math.isnan(told["train_tokens_per_second"])
    assert all((weights[name] == one).all() for name, one in base.model.named_parameters())
    assert [one.requires_grad for one in base.model.parameters()] == needed
    note = json.loads((tmp_path / "model" / UNTRAINED_FILE).read_text())
    assert not note["trained"]
    assert note["base"]["name"] == str(model_folders["llama"])
    assert not list((tmp_path / "model").glob("*.safetensors"))
    train_along(spec, data, base)  # nothing to take part in
