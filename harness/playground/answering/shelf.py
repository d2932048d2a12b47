"""The models that are loaded: each base once with its adapters, the least recently used let go.

Knows no questions and no answers. Lives in the worker process, and imports no Django.
"""

from __future__ import annotations

import gc
import shutil
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeAlias

from harness.errors import ModelError
from harness.experiment.model import Model

if TYPE_CHECKING:
    from harness.finding import FoundArm
    from harness.models.switching import Adapters
    from harness.trained import TrainedArm

__all__ = ["SHARE", "Shelf", "memory_limit", "out_of_memory"]

SHARE = 0.6
"""Of the device's memory: what models may take where no limit is given."""

_Place: TypeAlias = tuple[object, ...]
"""What makes two bases one and the same: their content, and how it is held."""


@dataclass
class _Shelved:
    """A base, and the arms that are on it, the least recently used first."""

    adapters: Adapters
    arms: OrderedDict[str, FoundArm] = field(default_factory=OrderedDict)
    folder: TemporaryDirectory[str] = field(
        default_factory=lambda: TemporaryDirectory(prefix="harness-playground-")
    )
    copied: int = 0

    def put(self, run: str, found: FoundArm) -> None:
        """Put an arm on it, with a copy of the adapter: what was found is there for a while."""
        if found.adapter is not None:
            kept = Path(self.folder.name, str(self.copied))
            shutil.copytree(found.adapter, kept)
            self.copied += 1
            found = found._replace(adapter=kept)
        self.arms[run] = found

    def take(self, run: str) -> TrainedArm:
        """An arm that was put on it."""
        from harness.trained import TrainedArm

        found, adapters = self.arms[run], self.adapters
        self.arms.move_to_end(run)
        model = adapters.use(run, found.adapter) if found.adapter else adapters.bare()
        return TrainedArm(found.name, adapters.base, model, found.settings)


class Shelf:
    """Loaded models, within a limit of memory.

    Parameters
    ----------
    tracking_uri : str or None
        As for `harness.finding.find_arm`.
    limit : float or None
        Most bytes that models may take together; a share of the device's memory when None.
    """

    def __init__(self, tracking_uri: str | None, limit: float | None) -> None:
        self._tracking_uri = tracking_uri
        self.limit = memory_limit() if limit is None else limit
        self._bases: OrderedDict[_Place, _Shelved] = OrderedDict()  # least recently used first

    @property
    def used(self) -> float:
        """Bytes of all that is loaded."""
        return 1e6 * sum(one.adapters.footprint_mb for one in self._bases.values())

    def arm(self, run: str, on_load: Callable[[str], None]) -> TrainedArm:
        """A trained arm, to be asked before the next one is taken.

        Parameters
        ----------
        run : str
            As for `harness.trained.load_arm`. While it is loaded it is not looked for again.
        on_load : callable
            Given what is being loaded, for people, if anything is.

        Raises
        ------
        TrackingError
            There is no such run, it did not finish, or its model is gone.
        ModelError
            A model cannot be loaded, is not the one that the arm was trained on, or does not
            fit into the limit.
        """
        from harness.finding import find_arm

        for place, one in self._bases.items():
            if run in one.arms:
                return self._taken(run, place)
        on_load("the model")  # what a remote store holds may take a while to come
        with find_arm(run, tracking_uri=self._tracking_uri) as found:
            try:
                return self._loaded(run, found, on_load)
            except Exception as error:
                if not out_of_memory(error):
                    raise
            self.clear()
            try:  # with all the memory there is
                return self._loaded(run, found, on_load)
            except Exception as error:
                if not out_of_memory(error):
                    raise
            self.clear()
            raise _does_not_fit(found, "more memory than is free now", "what the device has")

    def clear(self) -> None:
        """Let everything go."""
        for place in list(self._bases):
            self._let_go(place)

    def _loaded(self, run: str, found: FoundArm, on_load: Callable[[str], None]) -> TrainedArm:
        """The arm, on its base, which is loaded if no other arm has brought it."""
        place = _place(run, found)
        if place not in self._bases:
            on_load(_base_name(found))
            self._bases[place] = self._base(found)
        else:
            on_load(found.name)
        self._bases[place].put(run, found)
        return self._taken(run, place)

    def _base(self, found: FoundArm) -> _Shelved:
        from harness.models.base import load_base
        from harness.models.inspection import memory_needed
        from harness.models.switching import Adapters

        need = memory_needed(found.model, found.source)
        if need > self.limit:
            raise _does_not_fit(found, f"about {_gb(need)}", f"at most {_gb(self.limit)}")
        while self._bases and self.used + need > self.limit:
            self._let_go(next(iter(self._bases)))
        return _Shelved(Adapters(load_base(found.model, found.source)))

    def _taken(self, run: str, place: _Place) -> TrainedArm:
        """An arm that is there, and then what has to go for it: now its memory is known."""
        self._bases.move_to_end(place)
        one = self._bases[place]
        try:
            arm = one.take(run)
        except Exception:  # parts of an adapter that does not fit may be left on the base
            self._let_go(place)
            raise
        while len(self._bases) > 1 and self.used > self.limit:
            self._let_go(next(iter(self._bases)))
        for other in list(one.arms)[:-1]:
            if self.used <= self.limit:
                break
            one.adapters.drop(other)
            del one.arms[other]
        return arm

    def _let_go(self, place: _Place) -> None:
        import torch

        self._bases.pop(place).folder.cleanup()
        gc.collect()  # a network has cycles
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def memory_limit() -> float:
    """Bytes that models may take together where a person sets no limit."""
    from harness.models.devices import device_for

    if device_for("auto") == "cuda":
        import torch

        return SHARE * float(torch.cuda.mem_get_info()[1])
    import psutil

    return SHARE * float(psutil.virtual_memory().total)


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there is no memory left."""
    import torch

    # of the CPU's memory, torch says so in words alone
    words = "can't allocate memory" in str(error) and isinstance(error, RuntimeError)
    return words or isinstance(error, torch.OutOfMemoryError | MemoryError)


def _place(run: str, found: FoundArm) -> _Place:
    from harness.models.switching import can_switch

    held = _held(found.model)
    alone = found.adapter is not None and not can_switch(found.adapter)
    return (found.source.identity, *held, *([run] if alone else []))


def _held(model: Model) -> _Place:
    scales = model.double_quantization is not False
    return model.precision, scales, model.compute_dtype or "fp32"


def _base_name(found: FoundArm) -> str:
    """The base for people, or the arm where it is a model of its own."""
    whole = found.model.name != found.settings.model.name
    precision = found.model.precision
    held = "full precision" if precision == "full" else precision
    return f"{found.name if whole else found.model.name} in {held}"


def _does_not_fit(found: FoundArm, need: str, limit: str) -> ModelError:
    return ModelError(
        "this arm's model does not fit into the memory that models may take",
        where=found.name,
        got=f"{_base_name(found)}, which needs {need}",
        allowed=limit,
        fix="start the playground with a larger --memory-limit where the machine has more, or ask"
        " an arm whose base is smaller or quantized (model.precision: nf4)",
    )


def _gb(size: float) -> str:
    return f"{size / 1e9:.3g} GB"
