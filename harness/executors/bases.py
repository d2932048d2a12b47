"""The base model in memory, loaded once for all runs that share it."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness.experiment import RunSpec

if TYPE_CHECKING:
    from harness.models.base import BaseModel
    from harness.models.sources import ModelSource

__all__ = ["Bases"]


class Bases:
    """The base model in memory: at most one, replaced when another one is asked for.

    Parameters
    ----------
    sources : mapping
        From arm name to where its base model was found.
    device : str, optional
        From `harness.models.devices.device_for`; its `auto` if left out.
    """

    def __init__(self, sources: Mapping[str, ModelSource], device: str | None = None) -> None:
        self._sources, self._device = sources, device
        self._key: str | None = None
        self._base: BaseModel | None = None

    def use(self, arm: str, source: ModelSource) -> None:
        """Take an arm's base model from here from now on."""
        self._sources = {**self._sources, arm: source}

    def get(self, spec: RunSpec) -> BaseModel:
        """The run's base model, loaded unless the run before had the same one.

        Raises
        ------
        ModelError
            It cannot be loaded.
        """
        from harness.models.base import load_base

        if self._base is None or self._key != spec.arm.base_key:
            self.drop()  # free the old weights before the new ones take their place
            self._base = load_base(
                spec.arm.config.model, self._sources[spec.arm.name], self._device
            )
            self._key = spec.arm.base_key
        return self._base

    def drop(self) -> None:
        """Forget the base model, so that the next run gets a fresh one."""
        self._base = None
        gc.collect()
