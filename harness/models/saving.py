"""Writing what a run has trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.experiment.model import Model

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

__all__ = ["UNTRAINED_FILE", "save_model", "save_untrained"]

UNTRAINED_FILE = "untrained.json"
"""In the folder of a run that trained nothing: the base model that answered."""


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


def save_untrained(config: Model, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write the folder of a run that trained nothing: which base it was, and no weights of it."""
    folder.mkdir(parents=True, exist_ok=True)
    held = config.model_dump(mode="json", exclude={"adapter", "freeze"}, exclude_none=True)
    note = {"trained": False, "base": held}
    (folder / UNTRAINED_FILE).write_text(json.dumps(note, indent=2) + "\n")
    tokenizer.save_pretrained(str(folder))
