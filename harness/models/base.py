"""Loading a base model with its tokenizer at a given precision.

Every load of pretrained weights in the project goes through here.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

from harness.errors import ModelError
from harness.experiment.model import QUANTIZED, Model
from harness.models.devices import device_for
from harness.models.precision import check_range, guard_gradients, load_options
from harness.models.sources import ModelSource, find_model

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

__all__ = [
    "BaseModel",
    "auto_class",
    "load_base",
    "load_shape",
    "load_tokenizer",
    "loading",
    "one_line",
]

_DAMAGED = (
    OSError, ValueError, LookupError, TypeError, RuntimeError, AssertionError,
    struct.error, EOFError, UnpicklingError,  # cut off
)  # fmt: skip
_PROBE = "what is the answer to this question"


@dataclass
class BaseModel:
    """A loaded base; mutable, because adapters are put on it and taken off again.

    Attributes
    ----------
    model : PreTrainedModel
        The network, in eval mode, on its device.
    tokenizer : PreTrainedTokenizerBase
        With a pad and an eos token.
    encoder_decoder : bool
        T5-like, as opposed to decoder-only.
    footprint_mb : float
        Bytes of parameters and buffers / 1e6.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    encoder_decoder: bool
    footprint_mb: float


def load_base(
    config: Model, source: ModelSource | None = None, device: str | None = None
) -> BaseModel:
    """Load weights and tokenizer.

    Parameters
    ----------
    config : Model
        What to load, and at which precision.
    source : ModelSource, optional
        Where it was found; looked for if left out.
    device : str, optional
        From `device_for`; its `auto` if left out.

    Raises
    ------
    ModelError
        There is no such model, or transformers cannot load it.
    """
    source, device = source or find_model(config), device or device_for("auto")
    tokenizer = load_tokenizer(config, source)
    shape = load_shape(config, source)
    check_range(config, shape.model_type)
    auto = auto_class(config, shape)
    model: Any  # PreTrainedModel, whose methods are partly untyped
    with loading(config, source):
        if source.gguf_file:
            model = _from_gguf(auto, config, source, device)
        else:
            options = load_options(config, device)
            model = _weights(auto, config, source.location, **source.where, **options)
    if config.precision in QUANTIZED:
        from peft import prepare_model_for_kbit_training

        guard_gradients(model)
        prepare: Any = prepare_model_for_kbit_training  # untyped
        model = prepare(model, use_gradient_checkpointing=False)
    else:
        model = model.to(device)
    model.eval()
    footprint = float(model.get_memory_footprint()) / 1e6
    return BaseModel(model, tokenizer, bool(shape.is_encoder_decoder), footprint)


def auto_class(config: Model, shape: PretrainedConfig) -> Any:
    """The class of `transformers` that loads a model which generates text.

    Raises
    ------
    ModelError
        It generates none.
    """
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    auto: Any = AutoModelForSeq2SeqLM if shape.is_encoder_decoder else AutoModelForCausalLM
    # BERT and its like have a head for words, but read in both directions
    reads_only = getattr(shape, "is_decoder", None) is False and not shape.is_encoder_decoder
    if type(shape) not in auto._model_mapping or (reads_only and _is_encoder(shape)):
        raise ModelError(
            "this kind of model generates no text",
            where=f"base.model.name: {config.name}",
            got=shape.model_type,
            allowed="encoder-decoder models such as T5, decoder-only ones such as Llama",
        )
    return auto


def _is_encoder(shape: PretrainedConfig) -> bool:
    from transformers import AutoModelForMaskedLM

    return type(shape) in AutoModelForMaskedLM._model_mapping


def _from_gguf(auto: Any, config: Model, source: ModelSource, device: str) -> PreTrainedModel:
    """A GGUF file holds weights that were quantized by others: they are taken as they are.

    With int8 or 4 bits, what was dequantized is quantized anew, by way of a folder.
    """
    from transformers import GgufConfig

    plain = config.precision not in QUANTIZED
    whole = config if plain else config.model_copy(update={"precision": "full"})
    options = load_options(whole, device)
    make: Any = GgufConfig  # untyped
    options["quantization_config"] = make(dequantize=True)
    model = _weights(auto, config, source.location, **source.where, **options)
    if plain:
        return model
    with tempfile.TemporaryDirectory(prefix="harness-gguf-") as folder:
        model.save_pretrained(folder)
        del model
        return _weights(auto, config, folder, **load_options(config, device))


def _weights(auto: Any, config: Model, location: str, **options: Any) -> PreTrainedModel:
    """What `from_pretrained` loads, if all of it is from the file.

    Without this, transformers would draw missing weights at random, with a warning.
    """
    model: PreTrainedModel
    model, found = auto.from_pretrained(location, **options, output_loading_info=True)
    missing = sorted(found["missing_keys"])
    if missing:
        raise ModelError(
            "the model's file lacks some of its weights, which would be random numbers",
            where=f"base.model.name: {config.name}",
            got=f"{len(missing)} are missing, such as {missing[0]}",
            allowed="a complete folder written by save_pretrained, a GGUF file, or a hub name",
        )
    return model


def load_tokenizer(config: Model, source: ModelSource | None = None) -> PreTrainedTokenizerBase:
    """The model's tokenizer; one without a pad token pads with eos (padding is masked anyway).

    Raises
    ------
    ModelError
        There is no tokenizer, it has no end-of-sequence token, or it knows no English.
    """
    from transformers import AutoTokenizer

    source = source or find_model(config)
    with loading(config, source):
        tokenizer = AutoTokenizer.from_pretrained(source.location, **source.where)
    if tokenizer.eos_token_id is None:
        raise ModelError(
            "the tokenizer has no end-of-sequence token, so answers could not end",
            where=f"base.model.name: {config.name}",
            fix="set eos_token in the folder's tokenizer_config.json",
        )
    ids = tokenizer(_PROBE, add_special_tokens=False)["input_ids"]
    if not ids or ids.count(tokenizer.unk_token_id) > len(ids) / 4:
        # transformers makes an almost empty tokenizer where a folder holds none
        raise ModelError(
            "the tokenizer does not know common English words: its files may be missing",
            where=f"base.model.name: {config.name}",
            allowed="a folder with the model's tokenizer, such as tokenizer.json",
        )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_shape(config: Model, source: ModelSource) -> PretrainedConfig:
    """The architecture's own configuration: kind, sizes, positions.

    Raises
    ------
    ModelError
        It cannot be read, or names an architecture that transformers does not know.
    """
    from transformers import AutoConfig

    with loading(config, source):
        shape: PretrainedConfig = AutoConfig.from_pretrained(source.location, **source.where)
    return shape


@contextmanager
def loading(config: Model, source: ModelSource) -> Iterator[None]:
    """Explain what transformers raises at files that are damaged, or not what they say.

    Raises
    ------
    ModelError
        Instead of an error of another package.
    """
    import torch

    where = f"base.model.name: {config.name}"
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except _DAMAGED as error:
        raise _cannot_load(where, error) from None
    except ImportError as error:
        if source.gguf_file is None:  # a tokenizer or a quantization that needs another package
            raise _cannot_load(where, error) from None
        raise ModelError(
            "a GGUF file cannot be read without the package gguf",
            where=where,
            got=one_line(error),
            fix="install it: pip install gguf",
        ) from None
    except Exception as error:
        # a damaged weights file, or a config.json with values of the wrong type
        if not type(error).__module__.startswith(("safetensors", "huggingface_hub")):
            raise
        raise _cannot_load(where, error) from None


def _cannot_load(where: str, error: Exception) -> ModelError:
    return ModelError(
        "transformers cannot load this model",
        where=where,
        got=f"{type(error).__name__}: {one_line(error)}",
        allowed="a complete folder written by save_pretrained, a GGUF file, or a hub name",
    )


def one_line(error: Exception) -> str:
    """What an error of another package says."""
    return " ".join(str(error).split()) or type(error).__name__
