"""experiments/colab.ipynb: committed without outputs, and runs from top to bottom."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "experiments" / "colab.ipynb"


def _notebook() -> nbformat.NotebookNode:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    return notebook


def _code() -> list[nbformat.NotebookNode]:
    return [cell for cell in _notebook().cells if cell.cell_type == "code"]


def test_it_is_committed_without_outputs() -> None:
    assert len(_code()) == 7
    for cell in _code():
        assert (cell.outputs, cell.execution_count) == ([], None)
        assert not cell.metadata


def test_its_install_cell_says_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the package is not there, and neither is the project."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    ran: list[list[str]] = []
    monkeypatch.setattr("subprocess.run", lambda command, check: ran.append(command))
    install = _code()[0].source
    with pytest.raises(SystemExit, match="there is no project at"):
        exec(install, {})
    assert not ran
    exec(install.replace('SOURCE = ".."', f"SOURCE = {str(ROOT)!r}"), {})
    assert [command[1:] for command in ran] == [["-m", "pip", "install", "--quiet", str(ROOT)]]


@pytest.mark.slow
def test_its_cells_run(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = _notebook()
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    *_, compared, answered, asked, shown = (
        cell.outputs[-1]["data"]
        for cell in notebook.cells
        if cell.cell_type == "code" and cell.outputs[-1:] and "data" in cell.outputs[-1]
    )
    assert "question+context vs question" in compared["text/html"]
    assert "better" in compared["text/plain"]
    assert "references" in answered["text/html"]
    assert len(asked["text/plain"]) > len("''"), "an answer, and not an empty one"
    assert "is better than question" in shown["text/html"]
