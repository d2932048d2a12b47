"""Looking at a model's architecture without its weights, before anything is trained.

The network is built without memory for its weights, so that adapters, frozen groups and
precision are tried out in a second even for a model of many gigabytes.
"""

from __future__ import annotations

from typing import Any

from harness.experiment.model import Model
from harness.models.base import BaseModel, auto_class, load_shape, loading
from harness.models.precision import check_range
from harness.models.sources import ModelSource
from harness.models.trainable import ParameterCount, count_parameters, trainable

__all__ = ["inspect"]


def inspect(config: Model, source: ModelSource) -> ParameterCount:
    """See that a configuration fits its model, and count what would be trained.

    Raises
    ------
    ModelError
        The architecture is not known, a target, pattern or layer is not in it, or it
        cannot be computed in that precision.
    """
    import torch

    shape = load_shape(config, source)
    check_range(config, shape.model_type)
    encoder_decoder = bool(shape.is_encoder_decoder)
    auto: Any = auto_class(config, shape)
    with torch.device("meta"):
        with loading(config, source):
            network = auto.from_config(shape)
        bare = BaseModel(network, _NO_TOKENIZER, encoder_decoder, 0.0)
        with trainable(bare, config, seed=0) as model:
            return count_parameters(model)


_NO_TOKENIZER: Any = None
