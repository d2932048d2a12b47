"""Energy that one stretch of a process that lives on took, where the machine has a meter."""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

__all__ = ["EnergyMeter"]

_POWERCAP = Path("/sys/class/powercap")
_JOULES_PER_WH = 3600.0


class _Counter(NamedTuple):
    """A count of joules that only grows, until it starts again from 0 after `span` joules."""

    read: Callable[[], float]
    span: float

    def between(self, earlier: float, later: float) -> float:
        """Joules from one reading to a later one, NaN if either is."""
        return later - earlier if later >= earlier else later + self.span - earlier


class EnergyMeter:
    """Energy of processor and GPU from `start` to `stop`, read from counters in the hardware.

    Included is what each whole device took: of processors every package (RAPL: Linux, Intel and
    AMD), of GPUs the current CUDA device (NVML, if the package `nvidia-ml-py` is installed); hence
    also what other programs, or other runs beside this one, made them do, and what they take when
    idle. Not included are memory modules, disks, fans, the power supply's losses, other GPUs, and
    a device without a readable counter: RAPL's is usually readable by root only, and absent in
    containers. With no counter at all, or if one is lost on the way, the energy is NaN.

    RAPL's counters start again from 0, the common ones after 262 kJ (an hour at 70 W), small ones
    of servers after some minutes. One such wrap between two readings is seen, more are not and
    would give too little; so call `poll` often.

    No method raises. A call of `poll` costs a look at the clock, and at most every `every` seconds
    a read of each counter.

    Parameters
    ----------
    powercap : Path
        Folder with the kernel's RAPL zones.
    every : float
        Shortest time between two readings by `poll`, seconds.
    """

    def __init__(self, powercap: Path = _POWERCAP, *, every: float = 10.0) -> None:
        self._powercap = powercap
        self._every = every
        self._counters: tuple[_Counter, ...] = ()
        self._readings: list[float] = []
        self._read_at = 0.0
        self._joules = math.nan

    def start(self) -> None:
        """Find the counters and begin from 0."""
        self._counters = (*_processors(self._powercap), *_devices())
        self._readings = [counter.read() for counter in self._counters]
        self._read_at = time.monotonic()
        self._joules = 0.0 if self._counters else math.nan

    def poll(self) -> None:
        """Read the counters if that was long ago; does nothing before `start` or after `stop`."""
        if self._counters and time.monotonic() - self._read_at >= self._every:
            self._advance()

    def stop(self) -> float:
        """End the stretch; a later `start` begins another.

        Returns
        -------
        float
            Watt-hours since `start`, NaN if unknown.
        """
        self._advance()
        self._counters, self._readings = (), []
        return self._joules / _JOULES_PER_WH

    def _advance(self) -> None:
        readings = [counter.read() for counter in self._counters]
        self._joules += sum(
            counter.between(earlier, later)
            for counter, earlier, later in zip(
                self._counters, self._readings, readings, strict=True
            )
        )
        self._readings, self._read_at = readings, time.monotonic()


def _processors(powercap: Path) -> tuple[_Counter, ...]:
    """A counter per processor package; none unless all can be read, since a part would mislead."""
    zones = [zone for zone in sorted(powercap.glob("intel-rapl:*")) if _is_package(zone)]
    counters = tuple(
        _Counter(partial(_joules, zone / "energy_uj"), _joules(zone / "max_energy_range_uj"))
        for zone in zones
    )
    return () if any(math.isnan(counter.read()) for counter in counters) else counters


def _is_package(zone: Path) -> bool:
    """Zones inside a package have a second colon; "psys", the whole board, has packages in it."""
    try:
        name = (zone / "name").read_text()
    except (OSError, ValueError):
        return False
    return zone.name.count(":") == 1 and name.startswith("package")


def _joules(file: Path) -> float:
    """A file's microjoules in joules, NaN if it cannot be read."""
    try:
        return int(file.read_text()) / 1e6
    except (OSError, ValueError):
        return math.nan


def _devices() -> tuple[_Counter, ...]:
    """A counter of the current CUDA device, if there is one that counts."""
    import torch

    if not torch.cuda.is_available():
        return ()
    try:
        nvml = importlib.import_module("pynvml")
    except ImportError:
        return ()
    try:
        nvml.nvmlInit()
        # By identity: NVML knows nothing of CUDA_VISIBLE_DEVICES and counts in another order.
        uuid = torch.cuda.get_device_properties(torch.cuda.current_device()).uuid
        handle = nvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid}")
    except nvml.NVMLError:  # an old driver, or a device without such a counter
        return ()

    def read() -> float:
        try:
            return float(nvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1e3
        except nvml.NVMLError:
            return math.nan

    counter = _Counter(read, span=math.nan)
    return () if math.isnan(counter.read()) else (counter,)
