"""Looking at a model's architecture without its weights, before anything is trained.

The network is built without memory for its weights, so that adapters, frozen groups and
precision are tried out in a second even for a model of many gigabytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.experiment.model import FOUR_BITS, QUANTIZED, Model
from harness.models.base import BaseModel, auto_class, load_shape, loading
from harness.models.precision import check_range, load_options
from harness.models.sources import ModelSource
from harness.models.trainable import ParameterCount, as_it_is, count_parameters, trainable

if TYPE_CHECKING:
    from transformers import PretrainedConfig

__all__ = ["inspect", "memory_needed"]

_FOUR_BITS = 0.5 + 4 / 64
"""Bytes per weight: half a byte, and a scale for each 64; less if the scales are quantized too."""


def inspect(
    config: Model,
    source: ModelSource,
    shape: PretrainedConfig | None = None,
    *,
    trains: bool = True,
) -> ParameterCount:
    """See that a configuration fits its model, and count what would be trained.

    Parameters
    ----------
    config : Model
        What is held and trained how.
    source : ModelSource
        Where the base was found.
    shape : PretrainedConfig, optional
        From `load_shape`; read again if left out, which takes seconds for a GGUF file.
    trains : bool
        Whether anything is trained at all.

    Raises
    ------
    ModelError
        The architecture is not known, a target, pattern or layer is not in it, or it
        cannot be computed in that precision.
    """
    import torch

    shape = shape or load_shape(config, source)
    network = _network(config, source, shape)
    with torch.device("meta"):
        bare = BaseModel(network, _NO_TOKENIZER, bool(shape.is_encoder_decoder), 0.0)
        with trainable(bare, config, seed=0) if trains else as_it_is(bare) as model:
            return count_parameters(model)


def memory_needed(config: Model, source: ModelSource) -> float:
    """Bytes that a base will take once it is loaded, its buffers included.

    An estimate, from the network without its weights. What loading takes besides, and what
    generating takes, is not in it.

    Parameters
    ----------
    config : Model
        What is held at which precision.
    source : ModelSource
        Where the base was found.

    Raises
    ------
    ModelError
        The architecture is not known, or cannot be computed in that precision.
    """
    network = _network(config, source, load_shape(config, source))
    quantized = _quantized_weights(network, config) if config.precision in QUANTIZED else 0
    total = sum(one.numel() for one in network.parameters())
    small = _FOUR_BITS if config.precision in FOUR_BITS else 1
    whole = 2 if config.precision in ("bf16", "fp16") else 4
    buffers = sum(one.numel() * one.element_size() for one in network.buffers())
    return float(quantized * small + (total - quantized) * whole + buffers)


def _network(config: Model, source: ModelSource, shape: PretrainedConfig) -> Any:
    """The network, without memory for its weights."""
    import torch

    check_range(config, shape.model_type)
    auto: Any = auto_class(config, shape)
    with torch.device("meta"), loading(config, source):
        return auto.from_config(shape)


def _quantized_weights(network: Any, config: Model) -> int:
    """How many weights bitsandbytes will quantize; what transformers spares is not among them."""
    from bitsandbytes.nn.modules import Linear4bit, Linear8bitLt
    from transformers.integrations.bitsandbytes import replace_with_bnb_linear
    from transformers.quantizers.base import get_keys_to_not_convert

    spared = [*get_keys_to_not_convert(network), *(network._keep_in_fp32_modules or ())]
    how = load_options(config, "cpu")["quantization_config"]
    replace: Any = replace_with_bnb_linear  # untyped
    replaced = replace(network, spared, how)
    return sum(
        one.in_features * one.out_features
        for one in replaced.modules()
        if isinstance(one, Linear4bit | Linear8bitLt)
    )


_NO_TOKENIZER: Any = None
