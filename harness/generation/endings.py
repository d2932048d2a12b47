"""Rules about a prediction's own tokens: which may not come again, and where it ends.

Those of transformers look at the prompt of a decoder-only model too: an answer could then
not repeat words of its context, and would end where a stop string begins in the prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

__all__ = ["no_repetition", "stops_after", "until_stop"]


def no_repetition(size: int | None, first_new: int) -> list[Any]:
    """Logits processors that forbid a second occurrence of `size` tokens in a prediction.

    Parameters
    ----------
    size : int or None
        No rule when None.
    first_new : int
        Where in a row the prediction begins.
    """
    if size is None:
        return []
    from transformers.generation.logits_process import NoRepeatNGramLogitsProcessor

    forbid = NoRepeatNGramLogitsProcessor(size)

    def within_prediction(input_ids: torch.Tensor, scores: torch.Tensor) -> Any:
        return forbid(input_ids[:, first_new:], scores)

    return [within_prediction]


def stops_after(
    stops: Sequence[str], tokenizer: PreTrainedTokenizerBase, first_new: int
) -> list[Any]:
    """Stopping criteria that end a row when its prediction has one of the strings in it."""
    if not stops:
        return []
    import torch
    from transformers import StoppingCriteria

    class InPrediction(StoppingCriteria):
        def __call__(
            self, input_ids: torch.Tensor, scores: torch.Tensor | None, **kwargs: Any
        ) -> Any:
            texts = tokenizer.batch_decode(input_ids[:, first_new:], skip_special_tokens=True)
            done = [any(stop in text for stop in stops) for text in texts]
            return torch.tensor(done, device=input_ids.device)

    return [InPrediction()]


def until_stop(
    ids: list[int], stops: Sequence[str], tokenizer: PreTrainedTokenizerBase
) -> tuple[list[int], str]:
    """The tokens up to the one that completes a stop string, and the text before that string."""
    for end in range(1, len(ids) + 1) if stops else ():
        text = str(tokenizer.decode(ids[:end], skip_special_tokens=True))
        found = [text.find(stop) for stop in stops if stop in text]
        if found:
            return ids[:end], text[: min(found)]
    return ids, str(tokenizer.decode(ids, skip_special_tokens=True))
