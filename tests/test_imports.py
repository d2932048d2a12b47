"""Who may import whom, and how fast the light verbs answer."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "transformers", "peft", "bitsandbytes", "mlflow", "datasets", "evaluate", "wandb")


def test_import_contracts_are_kept() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "module",
    [
        "harness.cli",
        "harness.experiment",
        "harness.data",
        "harness.audit",
        "harness.metrics",
        "harness.predictions",
        "harness.tracking",
        "harness.preview",
        "harness.ablation",
        "reports",
        "reports.statistics",
    ],
)
def test_importing_loads_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def _imported(path: Path) -> set[str]:
    """Top-level names of every import in a file, those inside functions included."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("reports", {"torch", "transformers", "mlflow", "peft"}),
        ("reports/statistics", {"torch", "mlflow", "django", "pandas", "harness"}),
        ("harness/experiment", {"torch", "transformers", "mlflow", "django"}),
        ("harness/metrics", {"torch", "transformers", "mlflow", "django"}),
        ("harness/training", {"mlflow"}),
        ("harness/generation", {"mlflow"}),
        ("harness/models", {"mlflow"}),
        ("harness/data", {"mlflow", "torch"}),
    ],
)
def test_a_package_never_imports_what_is_not_its_business(folder: str, forbidden: set[str]) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    for path in files:
        assert not _imported(path) & forbidden, path


@pytest.mark.parametrize("library", ["mlflow", "wandb"])
def test_only_tracking_talks_to_trackers(library: str) -> None:
    files = [*(ROOT / "harness").rglob("*.py"), *(ROOT / "reports").rglob("*.py")]
    users = {path.relative_to(ROOT).parts[1] for path in files if library in _imported(path)}
    assert users == {"tracking"}
