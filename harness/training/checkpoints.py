"""Which checkpoint a training goes on from: the newest that is whole.

A process can be killed, and a disk can be full, while a checkpoint is written. So one is
sealed when all of its files are there, by a list of their sizes, and one without a seal
that fits does not count.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

__all__ = ["newest", "seal"]

_SEAL = "complete.json"


def seal(checkpoint: Path) -> None:
    """Note down the sizes of a checkpoint's files, after all of them were written."""
    files = [path for path in checkpoint.rglob("*") if path.is_file() and path.name != _SEAL]
    sizes = {path.relative_to(checkpoint).as_posix(): path.stat().st_size for path in files}
    draft = checkpoint / f".{_SEAL}"
    draft.write_text(json.dumps(sizes))
    draft.replace(checkpoint / _SEAL)


def newest(folder: str) -> str | None:
    """The newest checkpoint to go on from, or None; those that are newer are removed."""
    from transformers.trainer_utils import sort_checkpoints

    for name in reversed(sort_checkpoints(folder)):
        if _is_whole(Path(name)) and _has_its_best(Path(name)):
            return str(name)
        shutil.rmtree(name, ignore_errors=True)
    return None


def _is_whole(checkpoint: Path) -> bool:
    try:
        sizes = json.loads((checkpoint / _SEAL).read_text())
        return all((checkpoint / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False


def _has_its_best(checkpoint: Path) -> bool:
    """Whether the best state so far is there, too; paths in a moved folder are stale."""
    best = json.loads((checkpoint / "trainer_state.json").read_text())["best_model_checkpoint"]
    return best is None or (Path(best).parent == checkpoint.parent and _is_whole(Path(best)))
