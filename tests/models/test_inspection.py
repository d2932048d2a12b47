"""Looking at a model without its weights says the same as loading it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from harness.errors import ModelError
from harness.experiment.model import LoRA, Model
from harness.models import inspection
from harness.models.base import load_base
from harness.models.inspection import inspect, memory_needed
from harness.models.sources import find_model
from harness.models.trainable import count_parameters, trainable

TRAINED: dict[str, dict[str, object]] = {
    "full": {},
    "lora": {"adapter": {"r": 3}},
    "lora-layer": {"adapter": {"r": 2, "targets": "family", "layers": [1]}},
    "freeze": {"freeze": {"groups": ["embeddings", "layer_norms"]}},
}


def looked_at(config: Model):
    return inspect(config, find_model(config))


def _with_config(folder: Path, target: Path, **changes: object) -> Path:
    """A copy of a model folder whose config.json says something else."""
    shutil.copytree(folder, target)
    path = target / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return target


@pytest.mark.parametrize("trained", TRAINED)
@pytest.mark.parametrize("family", ["t5", "llama"])
def test_counts_are_those_of_the_loaded_model(
    model_folders: dict[str, Path], family: str, trained: str
) -> None:
    # the T5's output layer is tied to its embeddings, the Llama's is not
    config = Model.model_validate({"name": str(model_folders[family]), **TRAINED[trained]})
    with trainable(load_base(config), config, seed=0) as model:
        assert looked_at(config) == count_parameters(model)


@pytest.mark.parametrize("tied", [True, False])
def test_a_tied_output_layer_is_counted_once(
    model_folders: dict[str, Path], tmp_path: Path, tied: bool
) -> None:
    folder = _with_config(model_folders["llama"], tmp_path / "m", tie_word_embeddings=tied)
    counted = looked_at(Model(name=str(folder)))
    # by hand: 300 rows of 64; per layer four 64 x 64, three 64 x 128 and two norms; a last norm
    layers = 2 * (4 * 64 * 64 + 3 * 64 * 128 + 2 * 64)
    assert counted.total == counted.trained == (1 if tied else 2) * 300 * 64 + layers + 64
    assert counted.by_group.get("other") == (None if tied else 300 * 64)


def test_the_counts_of_an_adapter_are_those_of_its_matrices(
    model_folders: dict[str, Path],
) -> None:
    config = Model(name=str(model_folders["llama"]), adapter=LoRA(r=3, targets=("up_proj",)))
    counted = looked_at(config)
    assert counted.trained == 2 * 3 * (64 + 128)
    assert counted.total == looked_at(Model(name=config.name)).total + counted.trained
    assert dict(counted.by_group) == {"feed_forward": counted.trained}
    assert str(counted).startswith("1,152 of 121,792 parameters (0.946%): feed forward 1,152")


def test_quantization_does_not_change_the_counts(model_folders: dict[str, Path]) -> None:
    counts = [
        looked_at(Model(name=str(model_folders["t5"]), precision=one, adapter=LoRA()))
        for one in ("full", "bf16", "int8", "nf4")
    ]
    assert all(one == counts[0] for one in counts)


def test_weights_are_neither_read_nor_given_memory(
    model_folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _with_config(model_folders["llama"], tmp_path / "m")
    (folder / "model.safetensors").write_bytes(b"damaged")
    devices: set[str] = set()

    def look(model: torch.nn.Module):
        devices.update(parameter.device.type for parameter in model.parameters())
        return count_parameters(model)

    monkeypatch.setattr(inspection, "count_parameters", look)
    config = Model(name=str(folder), adapter=LoRA())
    assert looked_at(config) == looked_at(Model(name=str(model_folders["llama"]), adapter=LoRA()))
    assert devices == {"meta"}
    with pytest.raises(ModelError, match="cannot load this model"):
        load_base(config)


@pytest.mark.parametrize("precision", ["full", "bf16", "int8", "nf4", "fp4"])
@pytest.mark.parametrize("family", ["t5", "llama", "gpt2"])
def test_the_memory_needed_is_that_of_the_loaded_model(
    model_folders: dict[str, Path], family: str, precision: str
) -> None:
    config = Model(name=str(model_folders[family]), precision=precision, adapter=LoRA())
    found = load_base(config).footprint_mb * 1e6
    # what is measured leaves the scales of 4-bit weights out, at most an eighth of those
    assert (
        found
        <= memory_needed(config, find_model(config))
        <= found * (1.125 if precision in ("nf4", "fp4") else 1)
    )


def test_a_network_larger_than_this_machines_memory_is_looked_at(
    model_folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = _with_config(
        model_folders["llama"], tmp_path / "m", hidden_size=65536, intermediate_size=262144
    )
    assert looked_at(Model(name=str(folder))).total > 10**11  # 0.4 TB in fp32


def test_a_t5_in_fp16_is_refused(model_folders: dict[str, Path]) -> None:
    config = Model(name=str(model_folders["t5"]), precision="fp16", adapter=LoRA())
    for refuse in (looked_at, load_base):
        with pytest.raises(ModelError, match="65,504") as caught:
            refuse(config)
        assert "base.model.precision" in str(caught.value)
        assert "(t5)" in str(caught.value)
    looked_at(Model(name=str(model_folders["llama"]), precision="fp16", adapter=LoRA()))


def test_a_model_that_generates_no_text_is_refused(
    model_folders: dict[str, Path], tmp_path: Path
) -> None:
    from transformers import BertConfig, BertForMaskedLM

    folder = tmp_path / "bert"
    shutil.copytree(model_folders["llama"], folder)
    sizes = {"hidden_size": 64, "intermediate_size": 64, "num_attention_heads": 2}
    BertForMaskedLM(BertConfig(**sizes, num_hidden_layers=1, vocab_size=300)).save_pretrained(
        folder
    )
    for refuse in (looked_at, load_base):
        with pytest.raises(ModelError, match="generates no text") as caught:
            refuse(Model(name=str(folder)))
        assert "found:   bert" in str(caught.value)
        assert str(folder) in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"hidden_size": "wide"}, "hidden_size"),
        ({"vocab_size": -5, "pad_token_id": None}, "negative dimension"),
        ({"pad_token_id": 300}, "Padding_idx"),
        ({"model_type": "llamma"}, "llamma"),
    ],
)
def test_a_nonsensical_architecture_is_explained(
    model_folders: dict[str, Path], tmp_path: Path, changes: dict[str, object], found: str
) -> None:
    folder = _with_config(model_folders["llama"], tmp_path / "m", **changes)
    with pytest.raises(ModelError, match="cannot load this model") as caught:
        looked_at(Model(name=str(folder)))
    assert found in str(caught.value)


@pytest.mark.parametrize(
    ("config", "where"),
    [
        ({"adapter": {"targets": ["nope"]}}, "base.model.adapter.targets"),
        ({"adapter": {"layers": [7]}}, "base.model.adapter.layers"),
        ({"freeze": {"except_layers": [7]}}, "base.model.freeze.except_layers"),
        ({"freeze": {"names": ["nope.*"], "groups": []}}, "base.model.freeze.names"),
    ],
)
def test_what_is_not_in_the_model_is_found_before_anything_is_loaded(
    model_folders: dict[str, Path], config: dict[str, object], where: str
) -> None:
    with pytest.raises(ModelError) as caught:
        looked_at(Model.model_validate({"name": str(model_folders["t5"]), **config}))
    assert where in str(caught.value)


def test_learned_prompts_of_a_t5_are_counted_once() -> None:
    config = Model.model_validate(
        {"name": "embedded:tiny_t5", "adapter": {"kind": "prompt_tuning", "virtual_tokens": 20}}
    )
    assert inspect(config, find_model(config)).trained == 20 * 64
