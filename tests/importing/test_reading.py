"""Leaves and their lines; files that are no configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ExperimentError
from harness.importing.reading import Leaf, read_leaves
from tests.importing.helpers import LUDWIG, SFT, paths_in, written


@pytest.mark.parametrize("file", [*LUDWIG, *SFT[0], *SFT[1]])
def test_every_leaf_is_read_once(file: str) -> None:
    assert sorted(leaf.path for leaf in read_leaves(file)) == sorted(paths_in(file))


def test_leaves_have_values_and_lines(tmp_path: Path) -> None:
    text = "a: &x {b: 1, c: [1, 2]}\nd:\n  - {e: null}\n  -\n    f: {}\ng: {<<: *x, b: 2}\n"
    file = written(tmp_path, text)
    assert [leaf[1:] for leaf in read_leaves(file)] == [
        ("a.b", 1, 1),
        ("a.c", [1, 2], 1),
        ("d.0.e", None, 3),
        ("d.1.f", {}, 5),
        ("g.b", 2, 6),
        ("g.c", [1, 2], 1),
    ]
    assert Leaf(file, "a.b", 1, 3).where == f"{file}, line 3: a.b"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: [1", "not YAML"),
        ("a: 1\na: 2", "line 2: a"),
        ("- a", "mapping"),
        ("", "an empty file"),
        ("a: &x [{b: *x}]", "contains itself"),
        ("? [a, b]\n: 1", "line 1"),
        ("a: 2020-13-45", "not YAML"),
    ],
)
def test_what_is_no_configuration_is_refused(text: str, found: str, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=found):
        read_leaves(written(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match="cannot be read"):
        read_leaves(tmp_path / "no.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9")
    with pytest.raises(ExperimentError, match="not UTF-8"):
        read_leaves(tmp_path / "latin.yaml")
