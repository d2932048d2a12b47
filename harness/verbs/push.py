"""`harness push`: a trained arm and its model card to the Hub."""

from __future__ import annotations

import argparse

from harness.verbs.common import takes_tracking

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    take = parser.add_argument
    take(
        "trained",
        metavar="RUN",
        help="a finished run: its id, the beginning of it, or ABLATION/ARM/SEED",
    )
    take("--repo-id", required=True, metavar="OWNER/NAME", help="repository; made if needed")
    take("--public", action="store_true", help="anybody may see it (default: private)")
    take("--dry-run", action="store_true", help="show what would go, and contact nobody")
    take("--revision", metavar="BRANCH", help="branch; made if needed (default: the main one)")
    take("--license", metavar="NAME", help="licence of what is uploaded, such as apache-2.0")
    take("--base-license", metavar="NAME", help="licence of the base model")
    take("--data-license", metavar="NAME", help="licence of the data")
    take(
        "--base-name",
        metavar="OWNER/NAME",
        help="the base model's name on the Hub, if the run used a local copy",
    )
    takes_tracking(parser)


def run(options: argparse.Namespace) -> int:
    """Run it."""
    from harness.publishing import Pushing, push

    licenses = {
        "model": options.license,
        "base": options.base_license,
        "data": options.data_license,
    }
    return push(
        Pushing(
            run=options.trained,
            repo_id=options.repo_id,
            public=options.public,
            dry_run=options.dry_run,
            revision=options.revision,
            licenses={name: given for name, given in licenses.items() if given},
            base_name=options.base_name,
            tracking_uri=options.tracking_uri,
        )
    )
