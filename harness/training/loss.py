"""The training loss and the validation loss, the same for every family.

The mean over the target tokens of a whole batch, however the batch is split into forward
passes and processes; so gradient accumulation and several processes change nothing but
rounding. In validation, the mean over the target tokens of all items.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

__all__ = ["IGNORED", "TargetLoss"]

IGNORED = -100  # torch's cross-entropy leaves out labels with this value


class TargetLoss:
    """What `transformers.Trainer` takes as `compute_loss_func`.

    Parameters
    ----------
    encoder_decoder : bool
        Whether a label stands at the position that predicts it, or one after it.
    label_smoothing : float
        Share of the probability that is spread over the vocabulary (Szegedy et al. 2016);
        in training only, so that validation losses can be compared between recipes.

    Attributes
    ----------
    validated : list of Tensor
        Sum of the loss over target tokens, and their number, of each batch of an evaluation.
    """

    def __init__(self, encoder_decoder: bool, label_smoothing: float) -> None:
        self._encoder_decoder, self._label_smoothing = encoder_decoder, label_smoothing
        self.validated: list[torch.Tensor] = []

    def __call__(
        self,
        outputs: Any,
        labels: torch.Tensor,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """The loss of one forward pass, as a share of its batch's."""
        import torch

        # learned prompts are in the logits, but have no labels
        logits = outputs["logits"][:, -labels.shape[1] :].float()
        if not self._encoder_decoder:
            logits, labels = logits[:, :-1], labels[:, 1:]
        training = torch.is_grad_enabled()
        total: torch.Tensor = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1),
            labels.flatten(),
            ignore_index=IGNORED,
            label_smoothing=self._label_smoothing if training else 0.0,
            reduction="sum",
        )
        count = (labels != IGNORED).sum()
        if not training:
            self.validated.append(torch.stack([total, count.to(total.dtype)]))
        return total / (count if num_items_in_batch is None else num_items_in_batch)
