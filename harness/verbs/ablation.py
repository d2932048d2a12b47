"""`harness ablation`: run an experiment and report its verdicts."""

from __future__ import annotations

import argparse

from harness.verbs.common import takes_experiment, takes_places, takes_storage

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    takes_experiment(parser)
    takes_places(parser, output="folder of the results (default: results/NAME)")
    parser.add_argument(
        "--no-reuse", action="store_true", help="run again what an earlier run has answered"
    )
    parser.add_argument(
        "--tuned", action="store_true", help="use each arm's best settings from `harness search`"
    )
    takes_storage(parser)


def run(options: argparse.Namespace) -> int:
    """Run it."""
    from harness.ablation import run_ablation

    return run_ablation(
        options.file,
        options.assignments,
        output=options.output,
        tracking_uri=options.tracking_uri,
        reuse=not options.no_reuse,
        tuned=options.tuned,
        storage=options.storage,
    )
