"""`harness schema`: the JSON schema of experiment files."""

from __future__ import annotations

import argparse

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Its arguments: none."""


def run(options: argparse.Namespace) -> int:
    """Run it."""
    import json

    from harness.experiment import schema_as_json

    print(json.dumps(schema_as_json(), indent=2, ensure_ascii=False))
    return 0
