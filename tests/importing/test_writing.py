"""The experiment file: where it may be written, and what its lines look like."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from harness.errors import OutputError
from harness.importing.account import Entry, added, taken
from harness.importing.reading import Leaf
from harness.importing.writing import check_free, name_of, text_of, write


@pytest.mark.parametrize(
    ("file", "name"), [("a/my exp.yaml", "my-exp"), ("_x.yaml", "x"), ("é.yaml", "imported")]
)
def test_names_are_made_of_file_names(file: str, name: str) -> None:
    assert name_of(Path(file)) == name


def test_nothing_is_overwritten_unless_asked(tmp_path: Path) -> None:
    there = tmp_path / "x.yaml"
    check_free(there, force=False)
    there.touch()
    with pytest.raises(OutputError, match="--force"):
        check_free(there, force=False)
    check_free(there, force=True)
    with pytest.raises(OutputError, match="cannot be written"):
        check_free(tmp_path, force=True)


def test_the_folder_is_made(tmp_path: Path) -> None:
    write(tmp_path / "new" / "x.yaml", "a: 1\n")
    assert (tmp_path / "new" / "x.yaml").read_text() == "a: 1\n"
    with pytest.raises(OutputError, match="cannot be written"):
        write(tmp_path / "new" / "x.yaml" / "y.yaml", "a: 1\n")


def test_lines_are_yaml_and_say_where_they_come_from() -> None:
    template = ' a: {question} # "b"\n\té\n'
    tree = {"base": {"prompt": {"template": template}}, "factors": {"f": {"x.y": {}}}, "n": "1e-4"}
    entries = [
        Entry(Leaf("f.yaml", "there.it.is", "", 1), taken("base.prompt.template", template)),
        Entry(Leaf("f.yaml", "again", "", 2), taken("base.prompt.template", template)),
        added("factors", tree["factors"], "needed"),
        added("n", "1e-4", "needed"),
    ]
    text = text_of(tree, entries, ["from f.yaml"])
    assert yaml.safe_load(text) == tree
    lines = text.splitlines()
    assert lines[0] == "# yaml-language-server: $schema=experiment.schema.json"
    assert lines[1] == "# from f.yaml"
    assert [line.rpartition("# ")[2] for line in lines[4:6]] == [
        "from there.it.is",
        "added by the importer",
    ]
