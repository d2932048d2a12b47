"""The command line: it finds the verb, and turns how that ended into an exit code.

Exit codes: 0 all runs and the report are done; 1 some runs failed (they are named);
2 the input cannot be used; 130 interrupted; 141 nobody reads the output any more.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from harness import __version__
from harness.errors import InputError
from harness.logs import quieten
from harness.verbs import VERBS

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb, and return the process's exit code."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _stop)  # its terminal was closed; nohup ignores that
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a dash must not end a run on an ASCII terminal
            stream.reconfigure(errors="replace")
    quieten(verbose=getattr(options, "verbose", False))
    try:
        return int(options.run(options))
    except InputError as error:
        if os.environ.get("RANK", "0") == "0":  # of processes that train together, one says so
            print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read the output has enough of it, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


def _stop(number: int, frame: object) -> NoReturn:
    """Let a polite request to end close the running runs, as Ctrl-C does."""
    raise SystemExit(128 + number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="harness",
        description="Paired ablations of fine-tuning on question answering.",
    )
    parser.add_argument("--version", action="version", version=f"harness {__version__}")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for name, verb in VERBS.items():
        own = verbs.add_parser(name, help=verb.help)
        verb.add(own)
        own.set_defaults(run=verb.run)
    return parser
