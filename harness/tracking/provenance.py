"""With what, and from which process, an ablation was made.

Describes; decides nothing. No torch is imported for it: an accelerator is named only if
the program has loaded torch by then.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from harness import __version__
from harness.tracking import tags

__all__ = ["PACKAGES", "describe_environment", "is_alive", "process_tags", "summary_tags"]

PACKAGES: Final = (
    "torch",
    "transformers",
    "peft",
    "bitsandbytes",
    "accelerate",
    "datasets",
    "evaluate",
    "mlflow",
    "pandas",
    "numpy",
    "scipy",
    "gguf",
    "nvidia-ml-py",
    "resvg-py",
    "seaborn",
    "matplotlib",
    "sacrebleu",
    "rouge_score",
    "pyarrow",
    "pydantic",
    "PyYAML",
    "Jinja2",
    "rich",
    "datasketch",
    "optuna",
    "cmaes",
    "django",
    "dj-database-url",
    "uvicorn",
    "psutil",
    "filelock",
)
"""The project's dependencies; `tests/test_dependencies.py` keeps this list complete."""

_ROOT = Path(__file__).parents[2]


def describe_environment() -> dict[str, Any]:
    """Code, Python, packages and hardware, ready to be written as JSON."""
    return {
        "harness": __version__,
        "git": _git(_ROOT),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
        "hardware": {
            "processor": _processor(),
            "cpus": len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count(),
            "memory_gb": _memory_gb(),
            "accelerators": _accelerators(),
        },
    }


def summary_tags(environment: dict[str, Any]) -> dict[str, str]:
    """The few facts of `describe_environment` that one looks for in a table of runs."""
    hardware, git = environment["hardware"], environment["git"]
    summary = {
        "harness.version": environment["harness"],
        "harness.python": environment["python"],
        "harness.device": ", ".join(hardware["accelerators"]) or hardware["processor"],
    }
    if git is not None:
        summary |= {tags.GIT_COMMIT: git["commit"], tags.GIT_DIRTY: str(git["dirty"]).lower()}
    return summary


def process_tags() -> dict[str, str]:
    """Which process writes a run, so that a later one can tell whether it still lives."""
    identity = {tags.HOST: socket.gethostname(), tags.PID: str(os.getpid())}
    started = _started(os.getpid())
    return identity if started is None else identity | {tags.PID_STARTED: started}


def is_alive(run_tags: dict[str, str]) -> bool:
    """Whether the process that `process_tags` named may still write; yes if in doubt.

    The time it started is compared too, because containers hand out the same few process
    ids again and again.
    """
    pid = run_tags.get(tags.PID, "")
    if run_tags.get(tags.HOST) != socket.gethostname() or os.name != "posix" or not pid.isdigit():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except OSError:  # it lives, and belongs to somebody else
        return True
    before, now = run_tags.get(tags.PID_STARTED), _started(int(pid))
    return before is None or now is None or before == now


def _started(pid: int) -> str | None:
    """When a process started, in clock ticks since the machine did; None off Linux.

    A process that has ended, but was not collected by its parent yet, gives `ended`.
    """
    try:
        # The command's name may hold spaces and brackets: count from behind it.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return "ended" if fields[0] == "Z" else fields[19]


def _git(root: Path) -> dict[str, Any] | None:
    """Commit of the harness's own checkout; None if it is not run from one."""
    try:
        if Path(_git_says(root, "rev-parse", "--show-toplevel")) != root.resolve():
            return None
        # Results and stores in the checkout are untracked; they do not change the code.
        changes = _git_says(root, "status", "--porcelain", "--untracked-files=no")
        return {"commit": _git_says(root, "rev-parse", "HEAD"), "dirty": bool(changes)}
    except (OSError, subprocess.SubprocessError):
        return None


def _git_says(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _memory_gb() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (AttributeError, OSError, ValueError):
        return None


def _accelerators() -> list[str]:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return []
    return [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
