"""Prediction files, written by hand in the shapes that lm-eval 0.4.13 and Inspect 0.3.285 write."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Any], Path]:
    """Writes a file: bytes and text as they are, a list as JSON Lines, an object as JSON."""

    def writer(name: str, content: Any) -> Path:
        path = tmp_path / name
        if isinstance(content, list):
            content = "".join(json.dumps(row) + "\n" for row in content)
        elif isinstance(content, dict):
            content = json.dumps(content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return writer


@pytest.fixture
def write_zip(tmp_path: Path) -> Callable[..., Path]:
    """Writes a zip of JSON files by name."""

    def writer(members: dict[str, Any], method: int = zipfile.ZIP_DEFLATED) -> Path:
        path = tmp_path / "log.eval"
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, tree in members.items():
                archive.writestr(name, json.dumps(tree))
        return path

    return writer
