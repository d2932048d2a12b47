"""Looking on while an answer is in the making, and ending it there.

Changes no token: what has been generated is what would have been generated unwatched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

__all__ = ["Watch", "told"]

Watch: TypeAlias = Callable[[str, int], bool]
"""Given the text so far and its number of tokens; whether to end it there."""

_INCOMPLETE = "\ufffd"
"""What a tokenizer makes of a character of which the last bytes are yet to come."""


def told(
    watch: Watch | None,
    stops: Sequence[str],
    tokenizer: PreTrainedTokenizerBase,
    first_new: int,
    *,
    final: bool,
) -> list[Any]:
    """Stopping criteria that tell of each new token of a batch of one prompt.

    Parameters
    ----------
    watch : callable or None
        Who is told; nobody when None.
    stops : sequence of str
        The text ends before the first of them.
    first_new : int
        Where the prediction begins.
    final : bool
        Whether the first row is the answer so far. In a beam search, which goes over to another
        row at any time, no text is told.
    """
    if watch is None:
        return []
    import torch
    from transformers import StoppingCriteria

    tell = watch

    class Told(StoppingCriteria):
        def __call__(
            self, input_ids: torch.Tensor, scores: torch.Tensor | None, **kwargs: Any
        ) -> Any:
            text = ""
            if final:
                new = input_ids[0, first_new:]
                text = _so_far(str(tokenizer.decode(new, skip_special_tokens=True)), stops)
            stop = tell(text, input_ids.shape[1] - first_new)
            return torch.full((len(input_ids),), stop, device=input_ids.device)

    return [Told()]


def _so_far(text: str, stops: Sequence[str]) -> str:
    found = [text.find(stop) for stop in stops if stop in text]
    return text[: min(found, default=len(text))].rstrip(_INCOMPLETE).strip()
