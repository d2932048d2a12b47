"""`harness report`: the report of past ablations again."""

from __future__ import annotations

import argparse

from harness.verbs.common import takes_places

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument(
        "ablations",
        metavar="RUN",
        nargs="+",
        help="run id or name of an ablation; several with the same hypotheses are put side by side",
    )
    takes_places(parser, output="folder of the report (default: results/NAME)")


def run(options: argparse.Namespace) -> int:
    """Run it."""
    from harness.reporting import combine_reports, remake_report

    places = {"output": options.output, "tracking_uri": options.tracking_uri}
    if len(options.ablations) > 1:
        return combine_reports(options.ablations, **places)
    return remake_report(options.ablations[0], **places)
