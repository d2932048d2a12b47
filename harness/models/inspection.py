"""Looking at a model's architecture without its weights, before anything is trained.

The network is built without memory for its weights, so that adapters, frozen groups and
precision are tried out in a second even for a model of many gigabytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.experiment.model import Model
from harness.models.base import BaseModel, auto_class, load_shape, loading
from harness.models.precision import check_range
from harness.models.sources import ModelSource
from harness.models.trainable import ParameterCount, as_it_is, count_parameters, trainable

if TYPE_CHECKING:
    from transformers import PretrainedConfig

__all__ = ["inspect"]


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
    check_range(config, shape.model_type)
    encoder_decoder = bool(shape.is_encoder_decoder)
    auto: Any = auto_class(config, shape)
    with torch.device("meta"):
        with loading(config, source):
            network = auto.from_config(shape)
        bare = BaseModel(network, _NO_TOKENIZER, encoder_decoder, 0.0)
        with trainable(bare, config, seed=0) if trains else as_it_is(bare) as model:
            return count_parameters(model)


_NO_TOKENIZER: Any = None
