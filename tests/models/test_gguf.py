"""GGUF files: the model of a folder, written as llama.cpp's converter writes it."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.errors import ModelError
from harness.experiment.model import LoRA, Model
from harness.models.base import BaseModel, load_base, load_shape, load_tokenizer
from harness.models.inspection import inspect
from harness.models.saving import save_model
from harness.models.sources import find_model
from harness.models.trainable import trainable

TEXTS = ("question: Mola lies near the river?", "Ünder 17 two</s> <s>x", "")
IDS = torch.arange(5, 25)[None]


def _write(folder: Path, path: Path, *, leave_out: str = "") -> None:
    """The folder's Llama in fp32 with its tokenizer, but for one tensor."""
    import gguf
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder)
    shape = model.config
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("tiny")
    writer.add_context_length(shape.max_position_embeddings)
    writer.add_embedding_length(shape.hidden_size)
    writer.add_block_count(shape.num_hidden_layers)
    writer.add_feed_forward_length(shape.intermediate_size)
    writer.add_head_count(shape.num_attention_heads)
    writer.add_head_count_kv(shape.num_key_value_heads)
    writer.add_layer_norm_rms_eps(shape.rms_norm_eps)
    writer.add_rope_freq_base(shape.rope_parameters["rope_theta"])
    writer.add_vocab_size(shape.vocab_size)
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    ids = tokenizer["model"]["vocab"]
    tokens = sorted(ids, key=ids.get)
    special = {entry["content"] for entry in tokenizer["added_tokens"]}
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([3 if token in special else 1 for token in tokens])
    writer.add_token_merges([" ".join(pair) for pair in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(shape.bos_token_id)
    writer.add_eos_token_id(shape.eos_token_id)
    writer.add_pad_token_id(shape.pad_token_id)
    writer.add_add_bos_token(True)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, shape.num_hidden_layers)
    for name, value in model.state_dict().items():
        if name == leave_out:
            continue
        array = value.numpy()
        if "q_proj" in name or "k_proj" in name:  # rotated pairs lie next to each other
            array = array.reshape(shape.num_attention_heads, 2, -1, array.shape[1])
            array = array.swapaxes(1, 2).reshape(value.shape)
        own = names.get_name(name.removesuffix(".weight"))
        writer.add_tensor(f"{own}.weight", np.ascontiguousarray(array))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture(scope="module")
def file(model_folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    _write(model_folders["llama"], path)
    return path


@pytest.fixture(scope="module")
def original(model_folders: dict[str, Path]) -> BaseModel:
    return load_base(Model(name=str(model_folders["llama"])))


@torch.no_grad()
def _logits(base: BaseModel) -> torch.Tensor:
    return base.model(IDS.to(base.model.device)).logits.float().cpu()


def test_a_file_is_the_same_model_as_the_folder_it_was_made_of(
    file: Path, original: BaseModel
) -> None:
    base = load_base(Model(name=str(file)))
    own, expected = base.model.state_dict(), original.model.state_dict()
    assert own.keys() == expected.keys()
    assert all(torch.equal(own[name], expected[name]) for name in own)
    torch.testing.assert_close(_logits(base), _logits(original), rtol=0, atol=1e-6)
    assert base.footprint_mb == pytest.approx(original.footprint_mb)
    assert not base.encoder_decoder


def test_its_tokenizer_is_the_folders(file: Path, original: BaseModel) -> None:
    tokenizer = load_tokenizer(Model(name=str(file)))
    for text in TEXTS:
        ids = tokenizer(text)["input_ids"]
        assert ids == original.tokenizer(text)["input_ids"]
        assert tokenizer.decode(ids) == original.tokenizer.decode(ids)
    assert tokenizer.eos_token_id == original.tokenizer.eos_token_id
    assert tokenizer.pad_token_id == original.tokenizer.pad_token_id


def test_a_folder_and_the_name_of_the_file_in_it_are_the_same_model(
    file: Path, original: BaseModel
) -> None:
    by_folder = Model(name=str(file.parent), gguf_file=file.name)
    assert find_model(by_folder) == find_model(Model(name=str(file)))
    torch.testing.assert_close(_logits(load_base(by_folder)), _logits(original))


def test_it_is_identified_by_its_content(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "other name.gguf"
    copy.write_bytes(file.read_bytes())
    (tmp_path / "config.json").write_text("{}")  # a neighbour that is not read
    identity = find_model(Model(name=str(copy))).identity
    assert identity == f"{hashlib.sha256(file.read_bytes()).hexdigest()} by gguf 0.19.0"
    assert identity == find_model(Model(name=str(file))).identity
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    copy.write_bytes(content)
    assert find_model(Model(name=str(copy))).identity != identity


def test_files_beside_it_change_nothing(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / file.name
    copy.write_bytes(file.read_bytes())
    (tmp_path / "tokenizer_config.json").write_text('{"eos_token": "<s>", "padding_side": "left"}')
    (tmp_path / "generation_config.json").write_text('{"repetition_penalty": 5.0}')
    alone, beside = (load_base(Model(name=str(path))) for path in (file, copy))
    assert beside.tokenizer.special_tokens_map == alone.tokenizer.special_tokens_map
    assert beside.tokenizer.padding_side == alone.tokenizer.padding_side
    assert beside.model.generation_config.to_dict() == alone.model.generation_config.to_dict()


def test_inspection_counts_what_the_folder_has(file: Path, model_folders: dict[str, Path]) -> None:
    counts = []
    for name in (file, model_folders["llama"]):
        config = Model(name=str(name), adapter=LoRA(r=2))
        counts.append(inspect(config, find_model(config)))
    assert counts[0] == counts[1]


def test_bf16_rounds_the_weights_once(file: Path, original: BaseModel) -> None:
    base = load_base(Model(name=str(file), precision="bf16", adapter=LoRA()))
    rounded = {n: value.bfloat16() for n, value in original.model.state_dict().items()}
    own = base.model.state_dict()
    assert all(torch.equal(own[name], rounded[name]) for name in rounded)


@pytest.mark.parametrize("precision", ["nf4", "int8"])
def test_quantizing_a_file_is_quantizing_its_folder(
    file: Path, model_folders: dict[str, Path], precision: str
) -> None:
    logits = []
    for name in (file, model_folders["llama"]):
        config = Model(name=str(name), precision=precision, adapter=LoRA())
        base = load_base(config)
        with trainable(base, config, seed=0) as model, torch.no_grad():
            logits.append(model(IDS.to(model.device)).logits.float().cpu())
    assert torch.equal(logits[0], logits[1])


def test_what_was_trained_from_a_file_is_saved_as_a_folder(file: Path, tmp_path: Path) -> None:
    config = Model(name=str(file))
    base = load_base(config)
    with trainable(base, config, seed=0) as model:
        for parameter in model.parameters():
            parameter.data.mul_(0.5)
        save_model(model, base.tokenizer, tmp_path / "saved")
        expected = {name: value.clone() for name, value in model.state_dict().items()}
    again = load_base(Model(name=str(tmp_path / "saved")))
    own = again.model.state_dict()
    assert own.keys() == expected.keys()
    assert all(torch.equal(own[name], expected[name]) for name in own)
    assert again.tokenizer(TEXTS[0])["input_ids"] == base.tokenizer(TEXTS[0])["input_ids"]


STEPS: dict[str, Callable[[Model], object]] = {
    "shape": lambda config: load_shape(config, find_model(config)),
    "tokenizer": load_tokenizer,
    "base": load_base,
    "inspection": lambda config: inspect(config, find_model(config)),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("cut", [4, 10, 100, 1000, 5000, 0.5, -100])
def test_a_file_that_was_cut_off_is_explained(
    file: Path, tmp_path: Path, cut: float, step: str
) -> None:
    content = file.read_bytes()
    path = tmp_path / "cut.gguf"
    path.write_bytes(content[: int(cut * len(content)) if cut == 0.5 else int(cut)])
    with pytest.raises(ModelError, match="cannot load this model") as caught:
        STEPS[step](Model(name=str(path)))
    assert str(path) in str(caught.value)


def test_a_file_that_lacks_a_tensor_is_refused(
    model_folders: dict[str, Path], tmp_path: Path
) -> None:
    name = "model.layers.1.mlp.up_proj.weight"
    _write(model_folders["llama"], tmp_path / "lacks.gguf", leave_out=name)
    with pytest.raises(ModelError, match="lacks some of its weights") as caught:
        load_base(Model(name=str(tmp_path / "lacks.gguf")))
    assert f"1 are missing, such as {name}" in str(caught.value)


@pytest.mark.parametrize("by", ["name", "folder"])
def test_a_file_that_is_no_gguf_file_is_explained_before_it_is_loaded(
    tmp_path: Path, by: str
) -> None:
    path = tmp_path / "text.gguf"
    path.write_text("GGU, said the cat")
    config = Model(name=str(path))
    if by == "folder":
        config = Model(name=str(tmp_path), gguf_file="text.gguf")
    with pytest.raises(ModelError, match="this is not a GGUF file") as caught:
        find_model(config)
    assert str(tmp_path) in str(caught.value)


def test_a_file_that_is_not_there_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"there is no file no\.gguf"):
        find_model(Model(name=str(tmp_path), gguf_file="no.gguf"))


def test_a_second_file_is_not_ignored(file: Path) -> None:
    with pytest.raises(ModelError, match="has no effect on this model") as caught:
        find_model(Model(name=str(file), gguf_file="other.gguf"))
    assert "found:   other.gguf" in str(caught.value)


def test_without_the_package_it_is_said_how_to_install_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gguf", None)  # as if it were not installed
    for step in STEPS.values():
        with pytest.raises(ModelError, match="pip install gguf"):
            step(Model(name=str(file)))
