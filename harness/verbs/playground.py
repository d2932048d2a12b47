"""`harness playground`: talk to trained arms in a browser."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.verbs.common import takes_tracking

__all__ = ["add", "run"]

_GB = 1e9


def add(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    take = parser.add_argument
    take(
        "runs",
        metavar="RUN",
        nargs="*",
        help="what is chosen at first: a run's id, the beginning of it, or ABLATION/ARM/SEED; or"
        " a folder with a model or an adapter, which can be asked only if it is named here",
    )
    take("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    take("--port", type=int, help="port to listen on (default: 8000, or the next that is free)")
    take(
        "--folder",
        default="playground",
        metavar="DIR",
        help="where the conversations are kept (default: playground)",
    )
    take(
        "--database",
        default="",
        metavar="URL",
        help="another place for the conversations, such as postgresql://user@host/name",
    )
    take(
        "--memory-limit",
        type=float,
        metavar="GB",
        help="most memory for loaded models (default: 60 %% of the device's)",
    )
    takes_tracking(parser)


def run(options: argparse.Namespace) -> int:
    """Run it."""
    from harness.playground.options import Options
    from harness.playground.serving import serve

    limit = options.memory_limit
    return serve(
        Options(
            runs=tuple(filter(None, options.runs)),  # MLproject passes an empty one
            folder=Path(options.folder or "playground").expanduser(),
            database=options.database,
            host=options.host,
            port=options.port,
            tracking_uri=options.tracking_uri,
            memory_limit=None if limit is None else limit * _GB,
        )
    )
