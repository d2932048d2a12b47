"""Loading: precision, tokenizers, damaged folders."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from harness.errors import ModelError
from harness.experiment.model import LoRA, Model
from harness.models.base import load_base, load_tokenizer


@pytest.mark.parametrize("family", ["t5", "llama"])
def test_lower_precision_takes_less_memory(model_folders: dict[str, Path], family: str) -> None:
    footprint = {
        precision: load_base(
            Model(name=str(model_folders[family]), precision=precision, adapter=LoRA())
        ).footprint_mb
        for precision in ("full", "bf16", "int8", "nf4")
    }
    assert footprint["nf4"] < footprint["int8"] < footprint["full"]
    assert footprint["bf16"] == pytest.approx(footprint["full"] / 2, rel=0.01)


def test_full_is_fp32_in_eval_mode(model_folders: dict[str, Path]) -> None:
    base = load_base(Model(name=str(model_folders["t5"])))
    assert base.encoder_decoder
    assert {p.dtype for p in base.model.parameters()} == {torch.float32}
    assert not base.model.training
    assert not load_base(Model(name=str(model_folders["llama"]))).encoder_decoder


def test_a_missing_pad_token_becomes_eos_and_a_missing_eos_is_an_error(
    model_folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model_folders["llama"], folder)
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text())
    config["pad_token"] = None
    path.write_text(json.dumps(config))
    tokenizer = load_tokenizer(Model(name=str(folder)))
    assert tokenizer.pad_token_id == tokenizer.eos_token_id
    config["eos_token"] = None
    path.write_text(json.dumps(config))
    with pytest.raises(ModelError, match="no end-of-sequence token"):
        load_tokenizer(Model(name=str(folder)))


def test_a_folder_without_a_tokenizer_is_not_given_an_empty_one(
    model_folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model_folders["t5"], folder)
    for path in folder.glob("tokenizer*"):
        path.unlink()
    with pytest.raises(ModelError):
        load_tokenizer(Model(name=str(folder)))


def _truncate(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])


def _change(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def _as_bin(folder: Path, content: bytes) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        _truncate,
        lambda folder: (folder / "model.safetensors").unlink(),
        lambda folder: (folder / "config.json").write_text("{"),
        lambda folder: (folder / "config.json").write_text('{"model_type": "nonsense"}'),
        lambda folder: (folder / "tokenizer.json").write_text("{"),
        lambda folder: _change(folder, d_model="wide"),
        lambda folder: _change(folder, d_ff=64),
        lambda folder: _change(folder, quantization_config={"quant_method": "gptq", "bits": 4}),
        lambda folder: _as_bin(folder, b"junk"),
        lambda folder: _as_bin(folder, b"junk" * 100),
        lambda folder: _as_bin(folder, b""),
    ],
    ids=[
        "truncated weights",
        "no weights",
        "broken config",
        "unknown type",
        "broken tokenizer",
        "text for a number",
        "other sizes",
        "needs a package",
        "short bin",
        "long bin",
        "empty bin",
    ],
)
def test_a_damaged_folder_is_explained(
    model_folders: dict[str, Path], tmp_path: Path, damage
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model_folders["t5"], folder)
    damage(folder)
    with pytest.raises(ModelError, match=r"cannot load this model|no weights") as caught:
        load_base(Model(name=str(folder)))
    assert str(folder) in str(caught.value)


def test_weights_that_the_file_lacks_are_not_drawn_at_random(
    model_folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model_folders["t5"], folder)
    _change(folder, num_layers=3)  # the file has two
    with pytest.raises(ModelError, match="lacks some of its weights") as caught:
        load_base(Model(name=str(folder)))
    # per layer of the encoder: q, k, v, o, wi, wo and two norms
    assert "8 are missing, such as encoder.block.2.layer.0." in str(caught.value)
