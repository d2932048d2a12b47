"""Decoding of predictions, greedy or by beam search, in batches of similar length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.data.encoding import Encoded
from harness.experiment.base import Generation

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["Prediction", "generate"]


class Prediction(NamedTuple):
    """Generated text of one item.

    Attributes
    ----------
    item_id : str
        The item.
    text : str
        Without special tokens and surrounding white space.
    new_tokens : int
        Tokens generated, the ending eos included.
    """

    item_id: str
    text: str
    new_tokens: int


def generate(
    model: Any,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Encoded],
    config: Generation,
    *,
    encoder_decoder: bool,
    on_step: Callable[[int, int], None],
) -> list[Prediction]:
    """Generate one prediction per prompt, in the order of the prompts.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        In eval mode on return.
    prompts : sequence of Encoded
        Batched from the longest to the shortest, so that little is padded and a
        batch that does not fit into memory is the first one.
    on_step : callable
        Given the number of prompts done and the total.
    """
    import torch

    model.eval()
    # Decoder-only models go on from the last position, so padding must not stand there.
    tokenizer.padding_side = "right" if encoder_decoder else "left"
    settings = _settings(model, tokenizer, config)
    order = sorted(range(len(prompts)), key=lambda index: -len(prompts[index].prompt_ids))
    predictions: dict[int, Prediction] = {}
    for start in range(0, len(order), config.batch_size):
        chosen = order[start : start + config.batch_size]
        batch = tokenizer.pad(
            {"input_ids": [prompts[index].prompt_ids for index in chosen]}, return_tensors="pt"
        ).to(model.device)
        with torch.inference_mode(), _as_defaults(model, settings):
            output = model.generate(**batch, generation_config=settings)
        first_new = 1 if encoder_decoder else batch["input_ids"].shape[1]
        for index, row in zip(chosen, output[:, first_new:].tolist(), strict=True):
            ids = _until_eos(row, settings.eos_token_id)
            text = str(tokenizer.decode(ids, skip_special_tokens=True)).strip()
            predictions[index] = Prediction(prompts[index].item_id, text, len(ids))
        on_step(len(predictions), len(prompts))
    return [predictions[index] for index in range(len(prompts))]


def _settings(model: Any, tokenizer: Any, config: Generation) -> Any:
    """The experiment's settings alone decide; of a checkpoint's own, only special tokens stay."""
    from transformers import GenerationConfig

    own = model.generation_config
    stops = own.eos_token_id if isinstance(own.eos_token_id, list) else [own.eos_token_id]
    make: Any = GenerationConfig  # untyped
    return make(
        max_new_tokens=config.max_new_tokens,
        num_beams=config.num_beams,
        do_sample=False,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=[
            *dict.fromkeys([tokenizer.eos_token_id, *(one for one in stops if one is not None)])
        ],
        bos_token_id=own.bos_token_id,
        decoder_start_token_id=own.decoder_start_token_id,
        forced_bos_token_id=own.forced_bos_token_id,
    )


@contextmanager
def _as_defaults(model: Any, settings: Any) -> Iterator[None]:
    """Let `settings` be the model's own: `generate` fills what it is not given from those."""
    models = [model, model.get_base_model()] if hasattr(model, "get_base_model") else [model]
    before = [one.generation_config for one in models]
    for one in models:
        one.generation_config = settings
    try:
        yield
    finally:
        for one, own in zip(models, before, strict=True):
            one.generation_config = own


def _until_eos(ids: list[int], eos: list[int]) -> list[int]:
    end = next((index for index, token in enumerate(ids) if token in eos), None)
    return ids if end is None else ids[: end + 1]
