"""Random decoding in which every item has random numbers of its own.

A token is drawn by the Gumbel-max trick (Gumbel 1954; Maddison et al. 2014): the largest
of logits plus independent Gumbel noise is a draw from their softmax. The noise comes from
a generator per item, so that an item's answer does not depend on the batch it is in, and
arms that share a seed are compared under the same noise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from harness.experiment.recipe import Generation

__all__ = ["item_seed", "sampling_processors"]


def item_seed(seed: int, item_id: str) -> int:
    """Seed of one item's random numbers, from the run's seed and the item's id."""
    digest = hashlib.sha256(f"{seed} {item_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1  # torch takes 63 bits


def sampling_processors(config: Generation, seeds: Sequence[int]) -> Any:
    """Processors after which the greedy choice is a random draw.

    Parameters
    ----------
    config : Generation
        Temperature, `top_k` and `top_p`.
    seeds : sequence of int
        One per row of the batch.

    Returns
    -------
    LogitsProcessorList
        Empty unless `config.do_sample`.
    """
    import torch
    from transformers import LogitsProcessorList
    from transformers.generation.logits_process import (
        TemperatureLogitsWarper,
        TopKLogitsWarper,
        TopPLogitsWarper,
    )

    chain: Any = LogitsProcessorList()  # untyped
    if not config.do_sample:
        return chain
    if config.temperature is not None:
        chain.append(TemperatureLogitsWarper(config.temperature))
    if config.top_k is not None:
        chain.append(TopKLogitsWarper(config.top_k))
    if config.top_p is not None:
        chain.append(TopPLogitsWarper(config.top_p))
    generators = [torch.Generator().manual_seed(one) for one in seeds]

    def add_noise(input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        uniform = torch.stack(
            [torch.rand(scores.shape[1], dtype=torch.float64, generator=g) for g in generators]
        )
        noise = -(-uniform.clamp_min(torch.finfo(torch.float64).tiny).log()).log()
        return scores.float() + noise.to(scores.device, torch.float32)

    chain.append(add_noise)
    return chain
