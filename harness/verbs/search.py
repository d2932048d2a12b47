"""`harness search`: each arm's best settings, with equal budgets."""

from __future__ import annotations

import argparse

from harness.verbs.common import takes_experiment, takes_places, takes_storage

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    takes_experiment(parser)
    takes_places(parser, output="folder of the results (default: results/NAME)")
    takes_storage(parser)


def run(options: argparse.Namespace) -> int:
    """Run it."""
    from harness.searching import run_search

    return run_search(
        options.file,
        options.assignments,
        storage=options.storage,
        output=options.output,
        tracking_uri=options.tracking_uri,
    )
