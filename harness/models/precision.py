"""How base weights are held in memory: full (fp32), bf16, fp16, int8, nf4 or fp4.

`full`, `bf16` and `fp16` are plain dtypes; `int8` is LLM.int8 (Dettmers et al. 2022);
`nf4` and `fp4` are the 4-bit types of QLoRA (Dettmers et al. 2023), all three by
bitsandbytes. Whatever is not quantized stays in fp32, and so does, unless `compute_dtype`
says otherwise, all computation on 4-bit weights, so that precision is the only difference;
only LLM.int8 multiplies activations in 8 and 16 bits, which is its method.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.errors import ModelError
from harness.experiment.model import QUANTIZED, Model

if TYPE_CHECKING:
    from torch import nn

__all__ = ["check_range", "guard_gradients", "load_options"]

_OVERFLOW = frozenset({"t5", "mt5", "umt5", "longt5", "switch_transformers"})
"""Model types whose hidden states exceed 65,504, the largest number of fp16."""


def load_options(config: Model, device: str) -> dict[str, Any]:
    """Keyword arguments of `from_pretrained` for a precision on a device.

    Raises
    ------
    ModelError
        Quantized weights are asked for on a TPU.
    """
    import torch

    plain = {"full": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    if config.precision not in QUANTIZED:
        return {"dtype": plain[config.precision]}
    from transformers import BitsAndBytesConfig

    if device not in ("cpu", "cuda"):
        raise ModelError(
            "bitsandbytes holds no weights on a TPU",
            where="base.model.precision",
            got=config.precision,
            allowed="full, bf16, fp16",
        )
    configure: Any = BitsAndBytesConfig  # untyped
    if config.precision == "int8":
        quantization = configure(load_in_8bit=True)
    else:
        computes = torch.bfloat16 if config.compute_dtype == "bf16" else torch.float32
        quantization = configure(
            load_in_4bit=True,
            bnb_4bit_quant_type=config.precision,
            bnb_4bit_use_double_quant=config.double_quantization is not False,
            bnb_4bit_compute_dtype=computes,
        )
    options = {"dtype": torch.float32, "quantization_config": quantization}
    if device == "cpu" and torch.cuda.is_available():  # they stay where they are made
        options["device_map"] = {"": device}
    return options


def check_range(config: Model, model_type: str) -> None:
    """See that a model's activations fit into its precision.

    Raises
    ------
    ModelError
        A T5 is asked for in fp16.
    """
    if config.precision == "fp16" and model_type in _OVERFLOW:
        raise ModelError(
            "a T5 cannot be computed in fp16: its hidden states exceed 65,504, the largest"
            " number of fp16, and turn to NaN",
            where="base.model.precision",
            got=f"fp16 with {config.name} ({model_type})",
            allowed="full, bf16, int8, nf4, fp4",
        )


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
