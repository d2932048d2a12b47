"""The file beside a pushed model."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.arm_settings import read_settings
from harness.errors import ModelError


def test_settings_of_another_version_are_explained(tmp_path: Path) -> None:
    assert read_settings(tmp_path) is None
    (tmp_path / "harness.json").write_text('{"model": {"name": "a"}, "new": 1}')
    with pytest.raises(ModelError, match="not understood"):
        read_settings(tmp_path)
