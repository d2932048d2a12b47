"""The dependencies are listed in three files, and the lists are the same.

Three lists, because three tools read them: pip reads `pyproject.toml`, `mlflow run` reads
`python_env.yaml`, conda reads `conda.yaml`. MLflow keeps an environment that it has built under a
hash of its file's content: with `-e .` in there, or in `conda.yaml` with `-r requirements.txt`, it
would go on using the old environment after a pin has changed. So the pins stand in the files.

All pins are exact: a fingerprint that names the code's version but not its libraries' would
promise more than it can hold.
"""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.tracking.provenance import PACKAGES

ROOT = Path(__file__).parents[1]
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PROJECT: list[str] = DECLARED["dependencies"]
EXTRAS: dict[str, list[str]] = DECLARED["optional-dependencies"]


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text())


def conda_parts() -> tuple[list[str], list[str]]:
    """What conda installs, and what pip installs into it."""
    entries = read("conda.yaml")["dependencies"]
    plain = [entry for entry in entries if isinstance(entry, str)]
    (pip,) = [entry["pip"] for entry in entries if isinstance(entry, dict)]
    return plain, pip


def test_mlflow_installs_what_the_project_needs() -> None:
    assert read("python_env.yaml")["dependencies"] == PROJECT


def test_conda_installs_what_the_project_needs() -> None:
    assert conda_parts()[1] == PROJECT


def test_both_environments_have_the_same_python() -> None:
    python = read("python_env.yaml")["python"]
    assert isinstance(python, str)
    assert f"python={python}" in conda_parts()[0]
    # Of a shorter version, MLflow's pyenv builds the newest one it has heard of.
    assert re.fullmatch(r"\d+\.\d+\.\d+", python)


@pytest.mark.parametrize("pin", [*PROJECT, *(pin for pins in EXTRAS.values() for pin in pins)])
def test_every_pin_is_exact(pin: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_.-]+(\[\w+\])?==\d[\w.]*", pin)


def test_whatever_can_be_left_out_is_tested() -> None:
    assert {pin for pins in EXTRAS.values() for pin in pins} == {*EXTRAS["dev"]}


def test_environment_record_names_every_dependency() -> None:
    assert [pin.partition("==")[0] for pin in PROJECT] == list(PACKAGES)


@pytest.mark.parametrize("pin", PROJECT)
def test_tests_run_with_what_is_pinned(pin: str) -> None:
    name, _, version = pin.partition("==")
    assert importlib.metadata.version(name).partition("+")[0] == version
