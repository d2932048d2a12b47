"""A single run: what it returns, and that sharing a base model changes nothing."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from harness.data import Dataset, Item
from harness.experiment.base import Base
from harness.experiment.plan import Arm, RunSpec
from harness.models.base import load_base
from harness.results import COST_COLUMNS, RunRecord, cluster_columns
from harness.run import Listener, RunOutput, execute


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


def _spec(folder: Path, seed: int = 0, **model: object) -> RunSpec:
    config = Base.model_validate(
        {
            "data": {"train": {"file": "a.json"}, "test": {"file": "b.json"}},
            "prompt": {
                "template": "question: {question} context: {context}",
                "target": " {answer}",
                "max_tokens": 60,
            },
            "model": {"name": str(folder), "adapter": {"r": 2, "dropout": 0.1}, **model},
            "training": {"epochs": 2, "batch_size": 3, "learning_rate": 1e-2},
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
