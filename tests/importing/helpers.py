"""What tests of the importers share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from harness.importing import Places, account_of
from harness.importing.account import Entry

CONFIGS = Path(__file__).parent / "configs"
LUDWIG = sorted(str(path) for path in CONFIGS.glob("ludwig_*.yaml"))
SFT = [
    [str(CONFIGS / "sft_trainer.yaml"), str(CONFIGS / "sft_test.yaml")],
    [str(CONFIGS / "sft_flat.yaml")],
]


def leaf_paths(tree: Any, path: str = "") -> Iterator[str]:
    """Paths of all leaves, from PyYAML's own reading of the file."""
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from leaf_paths(value, f"{path}.{key}" if path else str(key))
    elif isinstance(tree, list) and any(isinstance(one, dict) for one in tree):
        for index, value in enumerate(tree):
            yield from leaf_paths(value, f"{path}.{index}")
    else:
        yield path


def paths_in(file: str) -> list[str]:
    """Paths of all leaves of a file."""
    return list(leaf_paths(yaml.safe_load(Path(file).read_text(encoding="utf-8"))))


MINIMAL = """
model_type: llm
base_model: some/model
input_features: [{name: question, type: text}]
output_features: [{name: answer, type: text}]
trainer: {type: finetune, learning_rate: 0.001, epochs: 1, batch_size: 4}
"""


def minimal(**changed: Any) -> dict[str, Any]:
    """The smallest Ludwig configuration, with other values at dotted paths (`__` for a dot)."""
    tree: dict[str, Any] = yaml.safe_load(MINIMAL)
    for path, value in changed.items():
        *sections, last = path.split("__")
        place = tree
        for section in sections:
            place = place.setdefault(section, {})
        place[last] = value
    return tree


def written(folder: Path, tree: Any, name: str = "config.yaml") -> str:
    """A file with this content."""
    path = folder / name
    path.write_text(tree if isinstance(tree, str) else yaml.safe_dump(tree, sort_keys=False))
    return str(path)


def settings(entries: list[Entry]) -> dict[str, Any]:
    """All that an account sets; of several settings of a path the first."""
    found: dict[str, Any] = {}
    for _, outcome in entries:
        for path, value in outcome.sets.items():
            found.setdefault(path, value)
    return found


def ludwig(folder: Path, **changed: Any) -> dict[str, Any]:
    """What a Ludwig configuration sets."""
    file = written(folder, minimal(**changed))
    return settings(account_of("ludwig", [file], "x", Places()))


def sft(folder: Path, trainer: str, test: str | None = None) -> dict[str, Any]:
    """What a script's files set."""
    files = [written(folder, trainer, "trainer.yaml")]
    files += [written(folder, test, "test.yaml")] if test else []
    return settings(account_of("sft", files, "x", Places()))
