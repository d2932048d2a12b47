"""Peak memory of one stretch of a process that lives on."""

from __future__ import annotations

import os
import re
from pathlib import Path

__all__ = ["peak_memory_mb", "reset_peak_memory"]

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def reset_peak_memory(device: str) -> None:
    """Start a new stretch; on a system that cannot, `peak_memory_mb` will be NaN."""
    if device == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats()
    elif _resettable():
        _CLEAR.write_text("5")  # resets VmHWM of this process, see proc(5)


def peak_memory_mb(device: str) -> float:
    """Peak since the last reset, MB: of the GPU where that is the device, else of the process."""
    if device == "cuda":
        import torch

        return torch.cuda.max_memory_allocated() / 1e6
    if not _resettable():
        return float("nan")
    match = re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text())
    return int(match.group(1)) * 1024 / 1e6 if match else float("nan")


def _resettable() -> bool:
    return os.access(_CLEAR, os.W_OK)
