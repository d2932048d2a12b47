"""The training loss, the same for every family.

The mean over the target tokens of a whole batch, however the batch is split into forward
passes and processes; so gradient accumulation and several processes change nothing but
rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

__all__ = ["IGNORED", "target_loss"]

IGNORED = -100  # torch's cross-entropy leaves out labels with this value


def target_loss(encoder_decoder: bool, label_smoothing: float) -> Callable[..., torch.Tensor]:
    """The function that `transformers.Trainer` takes as `compute_loss_func`.

    Parameters
    ----------
    encoder_decoder : bool
        Whether a label stands at the position that predicts it, or one after it.
    label_smoothing : float
        Share of the probability that is spread over the vocabulary (Szegedy et al. 2016).
    """
    from torch.nn.functional import cross_entropy

    def loss(
        outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        # learned prompts are in the logits, but have no labels
        logits = outputs["logits"][:, -labels.shape[1] :].float()
        if not encoder_decoder:
            logits, labels = logits[:, :-1], labels[:, 1:]
        total: torch.Tensor = cross_entropy(
            logits.flatten(0, 1),
            labels.flatten(),
            ignore_index=IGNORED,
            label_smoothing=label_smoothing,
            reduction="sum",
        )
        count = (labels != IGNORED).sum() if num_items_in_batch is None else num_items_in_batch
        return total / count

    return loss
