"""How base weights are held in memory: full (fp32), bf16, int8 or nf4.

`full` and `bf16` are plain dtypes; `int8` is LLM.int8 (Dettmers et al. 2022) and
`nf4` the 4-bit NormalFloat of QLoRA with double quantization (Dettmers et al.
2023), both by bitsandbytes. Whatever is not quantized, and all computation on
quantized weights, stays in fp32, so that precision is the only difference; only LLM.int8
multiplies activations in 8 and 16 bits, which is its method.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.experiment.base import Precision

if TYPE_CHECKING:
    from torch import nn

__all__ = ["guard_gradients", "load_options"]


def load_options(precision: Precision) -> dict[str, Any]:
    """Keyword arguments of `from_pretrained` for a precision."""
    import torch

    if precision == "full":
        return {"dtype": torch.float32}
    if precision == "bf16":
        return {"dtype": torch.bfloat16}
    from transformers import BitsAndBytesConfig

    configure: Any = BitsAndBytesConfig  # untyped

    if precision == "int8":
        quantization = configure(load_in_8bit=True)
    else:
        quantization = configure(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.float32,
        )
    return {"dtype": torch.float32, "quantization_config": quantization}


def guard_gradients(model: nn.Module) -> None:
    """Keep 4-bit layers on the kernel that has a backward pass.

    On CPUs with avx512_bf16, bitsandbytes 0.50 repacks a `Linear4bit` at its first
    evaluation forward and uses a kernel without autograd from then on: gradients of
    adapters below it vanish without a word. It decides by this attribute.
    """
    from bitsandbytes.nn.modules import Linear4bit

    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.support_avx512bf16_for_cpu = False
