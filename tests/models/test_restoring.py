"""What is saved of an adapter is put back on its base: the same logits, for every kind."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from pydantic import TypeAdapter
from safetensors.torch import load_file, save_file

from harness.errors import ModelError
from harness.experiment.model import Adapter, Model
from harness.models.base import load_base
from harness.models.restoring import base_of_adapter, is_adapter, with_saved_adapter
from harness.models.saving import save_model
from harness.models.trainable import trainable

KINDS = [
    {"kind": "lora", "r": 2},
    {"kind": "dora", "r": 2},
    {"kind": "ia3"},
    {"kind": "prompt_tuning", "virtual_tokens": 3},
    *(
        {"kind": "peft", "method": method, "options": {"target_modules": ["q_proj", "v_proj"]}}
        for method in ("FOURIERFT", "HRA", "LOHA", "LOKR", "OFT", "VERA")
    ),
    {"kind": "peft", "method": "LN_TUNING"},
]
IDS = torch.tensor([[2, 30, 31, 32, 40]])


def saved(folder: Path, name: Path, adapter: object) -> torch.Tensor:
    """Save an adapter whose weights were moved, and return the model's logits with it."""
    config = Model(name=str(name), adapter=TypeAdapter(Adapter).validate_python(adapter))
    base = load_base(config)
    with trainable(base, config, 0) as model:
        generator = torch.Generator().manual_seed(1)
        for one in model.parameters():
            if one.requires_grad:
                one.data += 0.3 * torch.randn(one.shape, generator=generator)
        model.eval()
        with torch.no_grad():
            logits: torch.Tensor = model(input_ids=IDS).logits
        save_model(model, base.tokenizer, folder)
    return logits


@pytest.mark.parametrize("adapter", KINDS, ids=lambda one: one.get("method", one["kind"]))
def test_the_same_model_comes_back(
    tmp_path: Path, model_folders: dict[str, Path], adapter: dict[str, object]
) -> None:
    expected = saved(tmp_path, model_folders["llama"], adapter)
    base = load_base(Model(name=str(model_folders["llama"])))
    with torch.no_grad():
        alone = base.model(input_ids=IDS).logits
        model = with_saved_adapter(base, tmp_path)
        found = model(input_ids=IDS).logits
    assert torch.equal(found, expected)
    assert found.shape != alone.shape or not torch.allclose(found, alone)
    assert is_adapter(tmp_path)
    assert base_of_adapter(tmp_path) == str(model_folders["llama"])
    assert not model.training


def test_missing_weights_are_no_random_ones(tmp_path: Path, model_folders: dict[str, Path]) -> None:
    saved(tmp_path, model_folders["llama"], KINDS[0])
    path = tmp_path / "adapter_model.safetensors"
    weights = load_file(path)
    lost = weights.popitem()[0]
    save_file(weights, path)
    with pytest.raises(ModelError, match=f"1 weights(.|\n)*{lost}"):
        with_saved_adapter(load_base(Model(name=str(model_folders["llama"]))), tmp_path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelError, match="cannot be put"):
        with_saved_adapter(load_base(Model(name=str(model_folders["llama"]))), tmp_path)


def test_an_adapter_without_a_base_says_so(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": null}')
    with pytest.raises(ModelError, match="--base-model"):
        base_of_adapter(tmp_path)
