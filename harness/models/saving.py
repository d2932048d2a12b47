"""Writing what a run has trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["save_model"]


def save_model(model: Any, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write a folder that `from_pretrained` loads again: the adapter alone, or the whole model.

    An adapter is never merged into its base: on quantized weights that would round.
    """
    from peft import PeftModel

    if isinstance(model, PeftModel):
        # "auto" would ask the hub whether the vocabulary was changed; it never is here
        model.save_pretrained(str(folder), save_embedding_layers=False)
    else:
        model.save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
