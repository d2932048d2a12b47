from __future__ import annotations

import subprocess
import sys

HEAVY = ("torch", "transformers", "mlflow", "pandas", "matplotlib", "jinja2", "scipy.stats")


def test_statistics_import_nothing_heavy() -> None:
    code = f"import sys, reports.statistics; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_reports_import_no_models() -> None:
    code = (
        "import sys, reports.build, reports.plots;"
        "print([m for m in ('torch', 'transformers', 'mlflow', 'evaluate', 'django', 'matplotlib')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
