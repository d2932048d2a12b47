"""Adapters that take turns on one base answer like those on a base of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter

from harness.errors import ModelError
from harness.experiment.model import Adapter, Model
from harness.models.base import BaseModel, load_base
from harness.models.restoring import with_saved_adapter
from harness.models.saving import save_model
from harness.models.switching import Adapters, can_switch
from harness.models.trainable import trainable

KINDS: dict[str, dict[str, object]] = {
    "lora": {"kind": "lora", "r": 2},
    "wide": {"kind": "lora", "r": 5, "alpha": 3, "layers": [1]},
    "dora": {"kind": "dora", "r": 2},
    "ia3": {"kind": "ia3"},
    "prompt": {"kind": "prompt_tuning", "virtual_tokens": 3},
    "norms": {"kind": "peft", "method": "LN_TUNING"},
}
IDS = torch.tensor([[2, 30, 31, 32, 40]])
IN_TURN = (
    "lora", "wide", "lora", "", "lora", "ia3", "", "lora", "dora", "prompt", "wide", "", "prompt",
    "norms", "dora", "", "wide", "lora", "dora",
)  # fmt: skip


def given(base: BaseModel) -> dict[str, Any]:
    """What the networks are asked with."""
    labels = {"labels": torch.tensor([[5, 6, 7]])} if base.encoder_decoder else {}
    return {"input_ids": IDS, **labels}


@pytest.fixture(scope="module", params=["t5", "llama"])
def family(request: pytest.FixtureRequest, model_folders: dict[str, Path]) -> Path:
    return model_folders[request.param]


@pytest.fixture(scope="module")
def saved(family: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of adapters with weights of their own."""
    base = load_base(Model(name=str(family)))
    folders = {}
    for seed, (name, adapter) in enumerate(KINDS.items()):
        config = Model(name=str(family), adapter=TypeAdapter(Adapter).validate_python(adapter))
        with trainable(base, config, seed) as model:
            generator = torch.Generator().manual_seed(seed)
            for one in model.parameters():
                if one.requires_grad:
                    one.data += 0.3 * torch.randn(one.shape, generator=generator)
            folders[name] = tmp_path_factory.mktemp(name)
            save_model(model, base.tokenizer, folders[name])
    return folders


def _logits(model: Any, base: BaseModel) -> torch.Tensor:
    with torch.inference_mode():
        logits: torch.Tensor = model(**given(base)).logits
    return logits


@pytest.mark.parametrize("precision", ["full", "nf4"])
def test_each_is_as_if_it_were_alone(family: Path, saved: dict[str, Path], precision: str) -> None:
    lora = TypeAdapter(Adapter).validate_python(KINDS["lora"])
    config = Model(name=str(family), precision=precision, adapter=lora)
    names = [*saved] if precision == "full" else ["lora", "wide", "dora"]
    in_turn = [one for one in IN_TURN if one in ("", *names)]
    expected = {"": _logits(load_base(config).model, load_base(config))}
    for name in names:
        alone = load_base(config)
        expected[name] = _logits(with_saved_adapter(alone, saved[name]), alone)
    different = {str(one) for one in expected.values()}
    assert len(different) == len(expected), "else any of them would do"

    base = load_base(config)
    before = {name: one.clone() for name, one in base.model.state_dict().items()}
    adapters = Adapters(base)
    for name in in_turn:
        model = adapters.use(name, saved[name]) if name else adapters.bare()
        assert torch.equal(_logits(model, base), expected[name]), name
        assert not model.training
    for name in names:
        adapters.drop(name)
    after = base.model.state_dict()
    assert adapters.bare() is base.model
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], one) for name, one in before.items())


def test_loras_stay_and_are_read_once(family: Path, saved: dict[str, Path]) -> None:
    adapters = Adapters(load_base(Model(name=str(family))))
    alone = adapters.footprint_mb
    assert alone == pytest.approx(adapters.base.footprint_mb)
    for name in ("lora", "wide"):
        adapters.use(name, saved[name])
    adapters.bare()
    both = adapters.footprint_mb
    assert both > alone
    nowhere = Path("nowhere")
    assert adapters.use("lora", nowhere) is adapters.use("wide", nowhere)
    adapters.drop("lora")
    assert alone < adapters.footprint_mb < both
    adapters.drop("never there")
    with pytest.raises(ModelError, match="without adapter_model"):
        adapters.use("lora", nowhere)


def test_a_dropped_one_leaves_the_others(family: Path, saved: dict[str, Path]) -> None:
    base = load_base(Model(name=str(family)))
    adapters = Adapters(base)
    expected = _logits(adapters.use("wide", saved["wide"]), base)
    adapters.use("lora", saved["lora"])
    adapters.drop("lora")
    assert torch.equal(_logits(adapters.use("wide", saved["wide"]), base), expected)


def test_weights_of_the_second_one_are_checked_too(
    family: Path, saved: dict[str, Path], tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    adapters = Adapters(load_base(Model(name=str(family))))
    adapters.use("wide", saved["wide"])
    weights = load_file(saved["lora"] / "adapter_model.safetensors")
    lost = weights.popitem()[0]
    save_file(weights, tmp_path / "adapter_model.safetensors")
    config = (saved["lora"] / "adapter_config.json").read_text()
    (tmp_path / "adapter_config.json").write_text(config)
    with pytest.raises(ModelError, match=f"1 weights(.|\n)*{lost}"):
        adapters.use("lora", tmp_path)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"bias": "all"}, False),
        ({"init_lora_weights": "pissa"}, False),
        ({"layer_replication": [[0, 1], [0, 1]]}, False),
        ({"peft_type": "ADAPTION_PROMPT"}, False),
        ({"modules_to_save": ["lm_head"]}, True),
    ],
)
def test_who_would_change_the_base_needs_one_of_its_own(
    saved: dict[str, Path], tmp_path: Path, changes: dict[str, object], expected: bool
) -> None:
    tree = json.loads((saved["lora"] / "adapter_config.json").read_text())
    (tmp_path / "adapter_config.json").write_text(json.dumps(tree | changes))
    assert can_switch(tmp_path) is expected
    assert can_switch(saved["ia3"])
    assert can_switch(saved["prompt"])
