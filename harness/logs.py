"""Which of the libraries' messages a person gets to see.

Their progress bars, advice and notices would bury the harness's own output.
`--verbose` lets all of it through.
"""

from __future__ import annotations

import logging
import os
import warnings

__all__ = ["quieten", "quieten_progress_bars"]

_LOUD = ("alembic", "mlflow", "transformers", "datasets", "peft", "bitsandbytes", "httpx", "absl")


def quieten(*, verbose: bool) -> None:
    """Set the level of the libraries' messages; to be called before they are imported."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # else it warns at each fork
    if verbose:
        logging.basicConfig(level=logging.INFO)
        return
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("BITSANDBYTES_NOWELCOME", "1")
    warnings.filterwarnings("ignore")
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.ERROR)


def quieten_progress_bars() -> None:
    """Turn off transformers' bars (loading of weights); it is imported by now."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
