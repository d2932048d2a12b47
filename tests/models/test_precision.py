"""Gradients through 4-bit layers are those of the weights they stand for.

On CPUs with avx512_bf16 this fails without `guard_gradients`: after one evaluation
forward, gradients are wrong or missing, in the quantized arm only.
"""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch

from harness.experiment.model import LoRA, Model
from harness.models.base import BaseModel, load_base
from harness.models.trainable import trainable

INPUT = torch.arange(12, 44).reshape(2, 16)
LABELS = torch.arange(50, 82).reshape(2, 16)


def _gradients(model) -> torch.Tensor:
    model.zero_grad()
    model(input_ids=INPUT.to(model.device), labels=LABELS.to(model.device)).loss.backward()
    parts = [
        torch.zeros(p.numel(), device=p.device) if p.grad is None else p.grad.flatten()
        for _, p in model.named_parameters()
        if p.requires_grad
    ]
    return torch.cat(parts).float().cpu()


def _dequantized(base: BaseModel) -> BaseModel:
    """The same network with plain fp32 layers that hold the 4-bit layers' values."""
    from bitsandbytes.functional import dequantize_4bit
    from bitsandbytes.nn import Linear4bit

    model = copy.deepcopy(base.model)
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, Linear4bit):
                values = dequantize_4bit(child.weight.data, child.weight.quant_state)
                plain = torch.nn.Linear(child.in_features, child.out_features, bias=False)
                plain.weight.data = values.reshape(plain.weight.shape).float()
                setattr(parent, name, plain)
    for attribute in ("is_quantized", "is_loaded_in_4bit", "hf_quantizer", "quantization_method"):
        vars(model).pop(attribute, None)
    vars(model.config).pop("quantization_config", None)
    return BaseModel(model, base.tokenizer, base.encoder_decoder, 0.0)


@pytest.mark.parametrize(
    "precision",
    [
        {"precision": "nf4"},
        {"precision": "nf4", "compute_dtype": "bf16"},
        {"precision": "fp4", "double_quantization": False},
    ],
    ids=["nf4", "nf4-bf16", "fp4"],
)
@pytest.mark.parametrize("family", ["t5", "llama"])
def test_gradients_survive_an_evaluation(
    model_folders: dict[str, Path], family: str, precision: dict[str, object]
) -> None:
    config = Model(name=str(model_folders[family]), adapter=LoRA(r=4), **precision)
    base = load_base(config)
    with trainable(_dequantized(base), config, seed=0) as model:
        _fill(model)
        expected = _gradients(model)
    assert expected.norm() > 0
    with trainable(base, config, seed=0) as model:
        _fill(model)
        model.train()
        before = _gradients(model)
        model.eval()
        prompt = INPUT.to(model.device)
        with torch.no_grad():
            model(input_ids=prompt, labels=prompt)
        model.generate(input_ids=prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=3)
        model.train()
        after = _gradients(model)
    rough = "compute_dtype" in precision  # bf16 has three digits
    for gradients in (before, after):
        assert _cosine(gradients, expected) > (0.99 if rough else 0.9999)
        assert float(gradients.norm()) == pytest.approx(
            float(expected.norm()), rel=0.05 if rough else 1e-3
        )
    assert _cosine(before, after) > 0.99999


def _cosine(one: torch.Tensor, other: torch.Tensor) -> float:
    return float(torch.nn.functional.cosine_similarity(one.double(), other.double(), dim=0))


def _fill(model) -> None:
    """LoRA's B starts at zero, which would leave A without a gradient."""
    generator = torch.Generator().manual_seed(0)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            noise = 0.1 * torch.randn(parameter.shape, generator=generator)
            parameter.data = noise.to(parameter.device)


@pytest.mark.parametrize("family", ["llama", "mistral"])
def test_a_4_bit_base_is_prepared_for_training(model_folders: dict[str, Path], family: str) -> None:
    """Norms and embeddings in fp32, nothing of the base trained, and every LoRA matrix of every
    layer gets a gradient through checkpointed layers, although no input asks for one.
    """
    config = Model.model_validate(
        {
            "name": str(model_folders[family]),
            "precision": "nf4",
            "compute_dtype": "bf16",
            "adapter": {"kind": "lora", "r": 4},
        }
    )
    base = load_base(config)
    assert not any(one.requires_grad for one in base.model.parameters())
    plain = [n for n, one in base.model.named_parameters() if one.dtype == torch.float32]
    assert sum("norm" in name for name in plain) == 5  # two of each layer, and the last one
    assert any("embed_tokens" in name for name in plain)
    with trainable(base, config, seed=0) as model:
        _fill(model)
        model.train()
        free = _gradients(model)
        model.gradient_checkpointing_enable({"use_reentrant": False})
        checkpointed = _gradients(model)
        own = {n: one.grad for n, one in model.named_parameters() if one.requires_grad}
        model.gradient_checkpointing_disable()
    assert all(grad is not None and float(grad.abs().max()) > 0 for grad in own.values())
    assert len(own) == 2 * 2 * 7  # A and B, layers, linear modules of each
    assert _cosine(free, checkpointed) > 0.99999
