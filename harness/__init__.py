"""Ablation harness for fine-tuning language models on question answering."""

from importlib import import_module
from typing import Any

__all__ = ["__version__", "load_arm"]

__version__ = "0.1.0"

_LAZY = {"load_arm": "harness.trained"}
"""What takes long to import, and only `from harness import …` asks for: name -> module."""


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # by its name, so that the package's own modules do not depend on one that depends on them
    return getattr(import_module(_LAZY[name]), name)
