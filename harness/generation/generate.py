"""Decoding of predictions: greedy, by beam search or by sampling, in batches of similar length."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.data.encoding import Encoded
from harness.experiment.recipe import Generation
from harness.generation.endings import no_repetition, stops_after, until_stop
from harness.generation.sampling import item_seed, sampling_processors
from harness.generation.watching import Watch, told

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
        Tokens generated, the ending eos or stop string included.
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
    seed: int,
    encoder_decoder: bool,
    on_step: Callable[[int, int], None],
    on_answers: Callable[[Sequence[Prediction]], None] = lambda answers: None,
    shortest_first: bool = False,
    watch: Watch | None = None,
) -> list[Prediction]:
    """Generate one prediction per prompt, in the order of the prompts.

    Parameters
    ----------
    model : PreTrainedModel or PeftModel
        In eval mode on return.
    prompts : sequence of Encoded
        Batched from the longest to the shortest, so that little is padded and a
        batch that does not fit into memory is the first one.
    seed : int
        With an item's id, decides its random numbers where `config.do_sample` asks for some.
    on_step : callable
        Given the number of prompts done and the total.
    on_answers : callable
        Given the predictions of each batch, which are not in the order of the prompts.
    shortest_first : bool
        Batch from the shortest to the longest instead, to see what the order alone changes.
    watch : callable, optional
        With one prompt alone: given, after each new token, the text so far, as it would be
        predicted if it ended there, and the number of tokens; in a beam search no text, since
        none is final yet. Generation ends there if it returns True.

    Raises
    ------
    ValueError
        Several prompts are to be watched.
    """
    import torch
    from transformers import LogitsProcessorList, StoppingCriteriaList

    if watch is not None and len(prompts) != 1:
        raise ValueError(f"one prompt can be watched, not {len(prompts)}")
    model.eval()
    # Decoder-only models go on from the last position, so padding must not stand there.
    tokenizer.padding_side = "right" if encoder_decoder else "left"
    settings = _settings(model, tokenizer, config)
    predictions: dict[int, Prediction] = {}
    alike = _learns_prompts(model) and not encoder_decoder
    for chosen in _batches(
        [len(one.prompt_ids) for one in prompts],
        config.batch_size,
        shortest_first=shortest_first,
        same_length=alike,
    ):
        batch = tokenizer.pad(
            {"input_ids": [prompts[index].prompt_ids for index in chosen]}, return_tensors="pt"
        ).to(model.device)
        first_new = 1 if encoder_decoder else batch["input_ids"].shape[1]
        noise = sampling_processors(config, [item_seed(seed, prompts[i].item_id) for i in chosen])
        once = no_repetition(config.no_repeat_ngram_size, first_new)
        stops = stops_after(config.stop_strings, tokenizer, first_new)
        final = config.num_beams == 1
        stops += told(watch, config.stop_strings, tokenizer, first_new, final=final)
        with torch.inference_mode(), _as_defaults(model, settings):
            output = model.generate(
                **batch,
                generation_config=settings,
                logits_processor=LogitsProcessorList([*once, *noise]),
                stopping_criteria=StoppingCriteriaList(stops),
            )
        for index, row in zip(chosen, output[:, first_new:].tolist(), strict=True):
            ids = _until_eos(row, settings.eos_token_id)
            ids, text = until_stop(ids, config.stop_strings, tokenizer)
            predictions[index] = Prediction(prompts[index].item_id, text.strip(), len(ids))
        on_answers([predictions[index] for index in chosen])
        on_step(len(predictions), len(prompts))
    return [predictions[index] for index in range(len(prompts))]


def _batches(
    lengths: Sequence[int], size: int, *, shortest_first: bool, same_length: bool
) -> Iterator[list[int]]:
    """Indices of prompts, batch by batch, in the order of their lengths."""
    order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    if shortest_first:
        order.reverse()
    groups = (
        [list(group) for _, group in itertools.groupby(order, lengths.__getitem__)]
        if same_length
        else [order]
    )
    for group in groups:
        for start in range(0, len(group), size):
            yield group[start : start + size]


def _learns_prompts(model: Any) -> bool:
    """Whether embeddings are put before the input (prompt tuning).

    peft puts them before the padding too, so that a decoder-only model would see them farther
    away in a padded row than it did in training: such batches must not need padding.
    """
    return hasattr(model, "active_peft_config") and model.active_peft_config.is_prompt_learning


def _settings(model: Any, tokenizer: Any, config: Generation) -> Any:
    """The experiment's settings alone decide; of a checkpoint's own, only special tokens stay."""
    from transformers import GenerationConfig

    own = model.generation_config
    stops = own.eos_token_id if isinstance(own.eos_token_id, list) else [own.eos_token_id]
    make: Any = GenerationConfig  # untyped
    return make(
        max_new_tokens=config.max_new_tokens,
        num_beams=config.num_beams,
        do_sample=False,  # drawing is done by processors, see `sampling`
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
