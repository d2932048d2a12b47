"""Decoding of predictions, greedy or by beam search, in batches of similar length."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.data.encoding import Encoded
from harness.experiment.schema import Generation

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["Prediction", "generate"]

# Said outright, because `generate` takes what is left unset from the checkpoint's own defaults.
_NEUTRAL: dict[str, Any] = {
    "do_sample": False,
    "temperature": 1.0,
    "top_p": 1.0,
    "top_k": 50,
    "repetition_penalty": 1.0,
    "encoder_repetition_penalty": 1.0,
    "no_repeat_ngram_size": 0,
    "encoder_no_repeat_ngram_size": 0,
    "length_penalty": 1.0,
    "early_stopping": False,
    "min_length": 0,
    "max_length": None,
}


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
        with torch.inference_mode():
            output = model.generate(**batch, generation_config=settings)
        first_new = 1 if encoder_decoder else batch["input_ids"].shape[1]
        for index, row in zip(chosen, output[:, first_new:].tolist(), strict=True):
            ids = _until_eos(row, settings.eos_token_id)
            text = str(tokenizer.decode(ids, skip_special_tokens=True)).strip()
            predictions[index] = Prediction(prompts[index].item_id, text, len(ids))
        on_step(len(predictions), len(prompts))
    return [predictions[index] for index in range(len(prompts))]


def _settings(model: Any, tokenizer: Any, config: Generation) -> Any:
    """The experiment's settings alone decide; a checkpoint's sampling defaults are dropped."""
    settings: Any = copy.deepcopy(model.generation_config)
    own = settings.eos_token_id
    stops = [] if own is None else own if isinstance(own, list) else [own]
    settings.update(
        max_new_tokens=config.max_new_tokens,
        num_beams=config.num_beams,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=list(dict.fromkeys([tokenizer.eos_token_id, *stops])),
        **_NEUTRAL,
    )
    return settings


def _until_eos(ids: list[int], eos: list[int]) -> list[int]:
    end = next((index for index, token in enumerate(ids) if token in eos), None)
    return ids if end is None else ids[: end + 1]
