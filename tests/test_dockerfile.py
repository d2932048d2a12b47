"""The Dockerfile, where no engine can build it: linted, and its steps tried outside."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
HOME = "/opt/ablation-harness/"
DEPENDENCIES = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]


def _steps() -> list[tuple[str, str]]:
    """Instructions with their arguments, continued lines joined, comments left out."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", "", text)
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in joined.splitlines() if line]


def _of(instruction: str) -> list[str]:
    return [argument for name, argument in _steps() if name == instruction]


def _copied() -> list[str]:
    return [name for argument in _of("COPY") for name in argument.split()[:-1]]


def _sh(command: str, folder: Path) -> str:
    """A step as the container's shell would take it, in a folder in place of its own ones."""
    command = re.sub(r"/tmp/(\w+\.txt)", rf"{folder}/\1", command)
    environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-ec", command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_linter_has_nothing_to_say() -> None:
    command = [str(BIN / "hadolint"), str(ROOT / "Dockerfile")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_base_is_an_argument_with_a_whole_version() -> None:
    assert _of("FROM") == ["${BASE}"]
    (base,) = [argument.removeprefix("BASE=") for argument in _of("ARG") if "BASE=" in argument]
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base)
    versions = (ROOT / "python_env.yaml").read_text()
    assert base.split(":")[1].split("-")[0] in versions, "the same Python as MLflow's environment"


def test_nobody_is_root_and_nothing_comes_from_elsewhere() -> None:
    names = [name for name, _ in _steps()]
    assert "ADD" not in names
    assert _of("USER") == ["10001"]
    assert names.index("USER") > max(i for i, name in enumerate(names) if name in ("RUN", "COPY"))
    assert "useradd --uid 10001" in " ".join(_of("RUN"))


def test_torch_is_installed_first_and_alone_and_nothing_is_cached(tmp_path: Path) -> None:
    installs = [step for step in _of("RUN") if "pip install" in step]
    assert all("--no-cache-dir" in step for step in installs)
    torch, others, own = installs
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    _sh(torch.split(" && ")[0], tmp_path)
    assert (tmp_path / "torch.txt").read_text().split() == [
        pin for pin in DEPENDENCIES if pin.startswith("torch==")
    ]
    assert torch.endswith("--requirement /tmp/torch.txt")
    assert '${TORCH_INDEX:+--index-url "$TORCH_INDEX"}' in torch
    _sh(others.split(" && ")[0], tmp_path)
    assert (tmp_path / "pins.txt").read_text().split() == DEPENDENCIES
    assert others.endswith("pip install --no-cache-dir --requirement /tmp/pins.txt")
    assert own == "pip install --no-cache-dir --no-deps ."


def test_only_what_is_copied_reaches_the_builder() -> None:
    first, *kept = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith(("#", "**/"))
    ]
    assert first == "*"
    assert sorted(kept) == sorted(f"!{name}" for name in _copied())
    assert all((ROOT / name).exists() for name in _copied())


def test_it_runs_the_makefiles_main_job() -> None:
    (entry,), (default,) = _of("ENTRYPOINT"), _of("CMD")
    words = [*json.loads(entry), *json.loads(default)]
    makefile = (ROOT / "Makefile").read_text()
    (experiment,) = re.findall(r"^EXPERIMENT \?= (.*)$", makefile, flags=re.MULTILINE)
    (job,) = re.findall(r"^ablation:.*\n\t(.*)$", makefile, flags=re.MULTILINE)
    job = job.replace("$(BIN)/", "").replace("$(EXPERIMENT)", experiment)
    assert [word.removeprefix(HOME) for word in words] == job.split()
    assert words[-1].startswith(HOME)


@pytest.mark.slow
def test_what_is_copied_is_enough_to_install_and_to_plan(tmp_path: Path) -> None:
    """The steps after the dependencies, with the environment that is here."""
    place, work = tmp_path / "place", tmp_path / "work"
    place.mkdir()
    work.mkdir()
    for argument in _of("COPY"):
        *names, target = argument.split()
        for name in names:
            source, goal = ROOT / name, place / (name if target == "./" else target)
            if source.is_dir():
                shutil.copytree(source, goal, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, goal)
    _sh(
        f"python -m pip install -q --no-deps --no-build-isolation --target {tmp_path}/site .", place
    )
    experiment = place / PurePosixPath(json.loads(_of("CMD")[0])[-1]).relative_to(HOME)
    done = subprocess.run(
        [sys.executable, "-c", "import harness.cli; print(harness.cli.__file__);"
         f"raise SystemExit(harness.cli.main(['plan', {str(experiment)!r}]))"],
        cwd=work, env=os.environ | {"PYTHONPATH": f"{tmp_path}/site"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.startswith(str(tmp_path / "site"))
    assert "12 runs" in done.stdout
    assert (tmp_path / "site/reports/templates/report.html.j2").is_file()
