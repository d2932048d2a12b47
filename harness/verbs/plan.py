"""`harness plan`: what an experiment would run and could detect."""

from __future__ import annotations

import argparse

from harness.verbs.common import takes_experiment, takes_tracking

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    takes_experiment(parser)
    takes_tracking(parser)
    parser.add_argument(
        "--pilot",
        metavar="RUN",
        help="plan with the spread of this earlier ablation (run id or name)",
    )


def run(options: argparse.Namespace) -> int:
    """Run it."""
    from harness.preview import print_plan

    print_plan(
        options.file,
        options.assignments,
        tracking_uri=options.tracking_uri,
        pilot=options.pilot,
    )
    return 0
