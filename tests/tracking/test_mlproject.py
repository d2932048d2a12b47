"""The project file as MLflow itself reads it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ENTRY_POINTS: dict[str, Any] = yaml.safe_load((ROOT / "MLproject").read_text())["entry_points"]


def command(entry_point: str, **given: str) -> list[str]:
    from mlflow.projects import _project_spec

    project = _project_spec.load_project(str(ROOT))
    text = project.get_entry_point(entry_point).compute_command(given, storage_dir="/unused")
    return shlex.split(text)


def test_entry_points() -> None:
    named = ["main", "ablation", "search", "tuned", "plan", "report", "playground"]
    assert list(ENTRY_POINTS) == named
    assert ENTRY_POINTS["main"] == ENTRY_POINTS["ablation"]


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_every_parameter_reaches_the_program(name: str) -> None:
    entry = ENTRY_POINTS[name]
    named = re.findall(r"{(\w+)}", entry["command"])
    assert sorted(named) == sorted(entry["parameters"])


@pytest.mark.parametrize("name", ENTRY_POINTS)
def test_placeholders_are_not_quoted_twice(name: str) -> None:
    assert not re.search(r"""['"]""", ENTRY_POINTS[name]["command"])


def test_environment_is_pythons() -> None:
    from mlflow.projects import _project_spec

    project = _project_spec.load_project(str(ROOT))
    assert Path(project.env_config_path).name == "python_env.yaml"


def test_defaults() -> None:
    quickstart = "experiments/quickstart.yaml"
    assert (ROOT / quickstart).is_file()
    expected = ["python", "-m", "harness", "ablation", quickstart, "--set", "", "--output"]
    assert command("main") == command("ablation") == [*expected, ""]


def test_a_tuned_ablation_looks_where_the_search_has_left_its_trials() -> None:
    search, tuned = (command(name, storage="a b.journal") for name in ("search", "tuned"))
    assert search[3:5] == ["search", "experiments/quickstart_search.yaml"]
    assert tuned[3:6] == ["ablation", "experiments/quickstart_search.yaml", "--tuned"]
    assert search[5:] == tuned[6:]
    assert search[-2:] == ["--storage", "a b.journal"]


@pytest.mark.parametrize(
    "value",
    [
        "training.epochs=2",
        '{training.epochs: 2, prompt.template: "it\'s {question}; $HOME `x`"}',
        "two\nlines",
        "-x",
        "ünïcode 🙂",
    ],
)
def test_values_reach_the_program_as_they_are(value: str) -> None:
    arguments = command("plan", experiment="my experiments/a.yaml", set=value)
    assert arguments[3:] == ["plan", "my experiments/a.yaml", "--set", value, "--pilot", ""]


def test_report_needs_a_run() -> None:
    from mlflow.exceptions import ExecutionException

    assert command("report", run="abc")[3:] == ["report", "abc", "--output", ""]
    with pytest.raises(ExecutionException, match="run"):
        command("report")
