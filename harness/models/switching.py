"""One loaded base, and adapters that take turns on it.

Which of them are loaded, and when a base is let go, is decided elsewhere; nothing is trained.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.models.base import BaseModel
from harness.models.restoring import with_saved_adapter

__all__ = ["Adapters", "can_switch"]

_COMES_OFF = frozenset(
    {"FOURIERFT", "HRA", "IA3", "LN_TUNING", "LOHA", "LOKR", "LORA", "OFT", "PROMPT_TUNING", "VERA"}
)
"""Methods of peft that leave the base as it was when they are taken off."""
_HARMLESS_STARTS = (True, False, "gaussian", "orthogonal")
"""Values of `init_lora_weights` that do not subtract the adapter's start from the base."""


def can_switch(folder: Path) -> bool:
    """Whether an adapter leaves its base as it was once it is taken off.

    One that cannot, such as one with trained biases of the base, needs a base of its own.
    """
    tree = _config(folder)
    return (
        tree.get("peft_type") in _COMES_OFF
        and tree.get("bias") in (None, "none")
        and tree.get("init_lora_weights", True) in _HARMLESS_STARTS
        and not tree.get("layer_replication")
    )


class Adapters:
    """A base whose adapters are switched.

    LoRAs, DoRAs included, stay on the base side by side, so that going from one to another takes
    no time; any other adapter is put on when it is used and taken off before the next one. The
    base's own weights never change. If an adapter does not fit, what is left of it may still be
    there: the base is not to be used any more.

    Parameters
    ----------
    base : BaseModel
        As it was loaded; `base.model` is the network without adapters whenever none is in use.
    """

    def __init__(self, base: BaseModel) -> None:
        self.base = base
        self._around: Any = None  # the peft model, where there is one
        self._own: dict[str, str] = {}  # the adapters in it: name -> peft's name
        self._together = False  # whether others may be put beside them
        self._made = 0

    @property
    def footprint_mb(self) -> float:
        """Bytes of parameters and buffers / 1e6, adapters that are on the base included."""
        held = self.base.model if self._around is None else self._around
        tensors = {id(one): one for one in (*held.parameters(), *held.buffers())}.values()
        return float(sum(one.nelement() * one.element_size() for one in tensors)) / 1e6

    def use(self, name: str, folder: Path) -> Any:
        """The model with an adapter, in eval mode.

        Parameters
        ----------
        name : str
            Whose adapter it is; always the same for the same folder.
        folder : Path
            From `harness.models.saving.save_model`.

        Raises
        ------
        ModelError
            The adapter is damaged, or was not made for this base.
        """
        if name in self._own:
            if self._together:
                self._around.base_model.enable_adapter_layers()
                self._around.set_adapter(self._own[name], inference_mode=True)
            return self._around
        together = _stays(_config(folder))
        if not (together and self._together):
            self._take_off()
        if self._around is not None:
            self._around.base_model.enable_adapter_layers()
        self._made += 1
        own = f"arm{self._made:06}"  # of one length, since peft looks for names in other names
        self._around = with_saved_adapter(self.base, folder, name=own, beside=self._around)
        self._own[name], self._together = own, together
        return self._around

    def bare(self) -> Any:
        """The base as it is, without any adapter."""
        if self._together:
            self._around.base_model.disable_adapter_layers()
        else:
            self._take_off()
        return self.base.model

    def drop(self, name: str) -> None:
        """Let an adapter go, if it is there."""
        if list(self._own) == [name]:
            self._take_off()
        elif name in self._own:
            self._around.delete_adapter(self._own.pop(name))

    def _take_off(self) -> None:
        if self._around is None:
            return
        learns_prompts = self._around.active_peft_config.is_prompt_learning
        self.base.model = self._around.get_base_model() if learns_prompts else self._around.unload()
        self._around, self._own, self._together = None, {}, False


def _stays(tree: dict[str, Any]) -> bool:
    """Whether other adapters of this kind may be on the base beside this one."""
    others = ("modules_to_save", "trainable_token_indices", "target_parameters")
    return tree.get("peft_type") == "LORA" and not any(tree.get(name) for name in others)


def _config(folder: Path) -> dict[str, Any]:
    """An adapter's configuration; empty where it cannot be read, which loading it explains."""
    try:
        tree = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return tree if isinstance(tree, dict) else {}
