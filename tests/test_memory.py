"""Peak memory counts from the last reset, not from the start of the process."""

from __future__ import annotations

import sys

import pytest
import torch

from harness.memory import peak_memory_mb, reset_peak_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")


def test_a_peak_is_seen_and_forgotten() -> None:
    reset_peak_memory("cpu")
    before = peak_memory_mb("cpu")
    block = torch.ones(50_000_000)  # 200 MB
    assert before + 150 < peak_memory_mb("cpu") < before + 400
    del block
    reset_peak_memory("cpu")
    assert peak_memory_mb("cpu") < before + 100
