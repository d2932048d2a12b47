"""Builds the tiny T5 and gives it weights from which it learns to copy.

From transformers' own initialisation a model of this size did not learn to copy within minutes.
This "mimetic" initialisation imitates what trained attention looks like: values pass through
unchanged, equal tokens attend to each other, some heads look at the neighbouring token, and the
decoder begins by looking at the question. It trains nothing.
"""

from __future__ import annotations

from typing import Any, Final, cast

import torch
from transformers import T5Config, T5ForConditionalGeneration
from transformers.models.t5.modeling_t5 import T5Attention

from recipes.embedded.tokenizer import VOCABULARY_SIZE

_LIKENESS: Final = 0.7  # how strongly equal tokens attend to each other
_NEIGHBOUR_BIAS: Final = 5.0  # logits added for the favoured neighbour
_PREVIOUS, _NEXT = 1, 17  # T5's buckets for distance 1, encoder side (32 buckets, 16 a direction)


def config() -> T5Config:
    """Return the shape of the model: 525,440 weights, three encoder and two decoder layers."""
    # Packed 4-bit weights need inputs in multiples of 64 and outputs in multiples of 32. More
    # decoder than encoder layers made `generate()` fail in transformers 5.23.
    return T5Config(  # type: ignore[call-arg]  # its base class takes two of these
        vocab_size=VOCABULARY_SIZE,
        d_model=64,
        d_kv=32,
        num_heads=4,
        d_ff=256,
        num_layers=3,
        num_decoder_layers=2,
        feed_forward_proj="relu",
        dropout_rate=0.0,
        tie_word_embeddings=True,
        pad_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=0,
    )


def new_model(seed: int, first_word: int) -> T5ForConditionalGeneration:
    """Return the untrained model.

    Parameters
    ----------
    seed : int
        Seed of every initial weight. The process's global torch generator is left as it was.
    first_word : int
        Token of the word that every question answering prompt begins with.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # transformers' initialisation takes no generator
        model: Any = T5ForConditionalGeneration(config())  # Any: its layers are not typed
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for block in model.encoder.block:
            _mimic(block.layer[0].SelfAttention, generator, 0.5, match=True)
        for block in model.decoder.block:
            _mimic(block.layer[0].SelfAttention, generator, 0.5, match=False)
            _mimic(block.layer[1].EncDecAttention, generator, 1.0, match=True)
        encoder_bias = model.encoder.block[0].layer[0].SelfAttention.relative_attention_bias.weight
        encoder_bias[_PREVIOUS, 0] += _NEIGHBOUR_BIAS
        encoder_bias[_NEXT, 1] += _NEIGHBOUR_BIAS
        decoder_bias = model.decoder.block[0].layer[0].SelfAttention.relative_attention_bias.weight
        decoder_bias[_PREVIOUS, 0] += _NEIGHBOUR_BIAS
        # The decoder starts from the padding token. Looking like the word that begins a prompt, it
        # attends to the question from the first step on.
        model.shared.weight[model.config.pad_token_id] = model.shared.weight[first_word]
    return cast(T5ForConditionalGeneration, model)


def _mimic(
    attention: T5Attention, generator: torch.Generator, scale: float, *, match: bool
) -> None:
    """Set one attention's value and output weights and, with `match`, its queries in place."""
    shape = attention.v.weight.shape  # (heads * d_kv, d_model), so its columns can be orthonormal
    orthonormal, _ = torch.linalg.qr(torch.randn(shape, generator=generator))
    attention.v.weight.copy_(orthonormal)
    attention.o.weight.copy_(scale * orthonormal.T)
    if match:
        factor = _LIKENESS * attention.key_value_proj_dim**-0.5
        attention.q.weight.copy_(factor * attention.k.weight)
