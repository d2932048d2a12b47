"""What a run has trained, put back in place: an adapter on its base, or the whole model.

The base is loaded elsewhere, and stays usable by itself: an adapter is never merged into it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.errors import ModelError
from harness.models.base import BaseModel, one_line

__all__ = ["base_of_adapter", "is_adapter", "with_saved_adapter"]

_ADAPTER = "adapter_config.json"
_WEIGHTS = "adapter_model.safetensors"


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter, as opposed to a whole model."""
    return (folder / _ADAPTER).is_file()


def base_of_adapter(folder: Path) -> str:
    """The base that an adapter names as its own.

    Raises
    ------
    ModelError
        It names none, or its configuration is damaged.
    """
    path = folder / _ADAPTER
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
        name = tree["base_model_name_or_path"]
    except (OSError, ValueError, KeyError, TypeError):
        name = None
    if not isinstance(name, str) or not name:
        raise ModelError(
            "this adapter does not say which base model it belongs to",
            where=f"{path}: base_model_name_or_path",
            got=name,
            fix="give it with --base-model PATH (in Python: base_model=)",
        )
    return name


def with_saved_adapter(
    base: BaseModel, folder: Path, *, name: str = "default", beside: Any = None
) -> Any:
    """Put a saved adapter on a base, and return the peft model around it, in eval mode.

    If it does not fit, parts of it may be left on the base, which is not to be used any more.

    Parameters
    ----------
    base : BaseModel
        Parts of its layers are replaced; its own weights stay as they are.
    folder : Path
        From `harness.models.saving.save_model`.
    name : str
        What peft calls it.
    beside : PeftModel, optional
        What is around the base already, with other adapters of the same kind; this one is put
        beside them, and is the active one.

    Raises
    ------
    ModelError
        The adapter is damaged, or was not made for this base.
    """
    import torch
    from peft import PeftModel, get_peft_model_state_dict
    from safetensors import SafetensorError, safe_open

    if not (folder / _WEIGHTS).is_file():
        raise _does_not_fit(folder, f"a folder without {_WEIGHTS}")
    try:
        with safe_open(str(folder / _WEIGHTS), "pt") as file:
            saved = set(file.keys())
        model: Any = beside  # partly untyped
        if model is None:
            model = PeftModel.from_pretrained(base.model, str(folder), name)
        else:
            model.load_adapter(str(folder), name)
            model.set_adapter(name, inference_mode=True)
    except torch.OutOfMemoryError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise _does_not_fit(folder, one_line(error)) from None
    # peft only warns of weights that it does not find, and leaves random ones in their place
    own = set(get_peft_model_state_dict(model, adapter_name=name, save_embedding_layers=False))
    if saved != own:
        odd = sorted(saved ^ own)
        raise _does_not_fit(folder, f"{len(odd)} weights without a counterpart, such as {odd[0]}")
    return model.eval()


def _does_not_fit(folder: Path, got: str) -> ModelError:
    return ModelError(
        "this adapter cannot be put on this base model",
        where=str(folder),
        got=got,
        allowed=f"a folder with {_ADAPTER} and {_WEIGHTS}, made for this base",
    )
