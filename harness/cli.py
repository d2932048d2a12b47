"""The command line: verbs, their arguments and exit codes. No logic.

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
from typing import NoReturn, get_args

from harness import __version__
from harness.errors import InputError
from harness.logs import quieten

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb, and return the process's exit code."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
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

    ablation = verbs.add_parser("ablation", help="run an experiment and report its verdicts")
    _takes_experiment(ablation)
    _takes_places(ablation, output="folder of the results (default: results/NAME)")
    ablation.add_argument(
        "--no-reuse", action="store_true", help="run again what an earlier run has answered"
    )
    ablation.add_argument(
        "--tuned", action="store_true", help="use each arm's best settings from `harness search`"
    )
    _takes_storage(ablation)
    ablation.set_defaults(run=_ablation)

    search = verbs.add_parser(
        "search", help="find each arm's best settings on validation items, with equal budgets"
    )
    _takes_experiment(search)
    _takes_places(search, output="folder of the results (default: results/NAME)")
    _takes_storage(search)
    search.set_defaults(run=_search)

    plan = verbs.add_parser("plan", help="show what an experiment would run and could detect")
    _takes_experiment(plan)
    _takes_tracking(plan)
    plan.add_argument(
        "--pilot",
        metavar="RUN",
        help="plan with the spread of this earlier ablation (run id or name)",
    )
    plan.set_defaults(run=_plan)

    report = verbs.add_parser("report", help="remake the report of a past ablation")
    report.add_argument(
        "ablations",
        metavar="RUN",
        nargs="+",
        help="run id or name of an ablation; several with the same hypotheses are put side by side",
    )
    _takes_places(report, output="folder of the report (default: results/NAME)")
    report.set_defaults(run=_report)

    _add_compare(verbs.add_parser("compare", help="compare predictions that were made anywhere"))

    schema = verbs.add_parser("schema", help="print the JSON schema of experiment files")
    schema.set_defaults(run=_schema)
    return parser


def _add_compare(parser: argparse.ArgumentParser) -> None:
    from harness.experiment.schema import Claim, MetricName

    add = parser.add_argument
    add("--references", required=True, metavar="FILE", help="test items with answers, and contexts")
    add(
        "--predictions",
        required=True,
        action="append",
        metavar="NAME=FILE",
        help="answers of one system: SQuAD's {id: answer} JSON, a run's predictions.parquet,"
        " lm-evaluation-harness samples_*.jsonl, an Inspect log; repeat for each system, and with"
        " the same NAME for each training seed",
    )
    add("--control", metavar="NAME", help="compare the others with it (default: the first)")
    add("--pairs", choices=("control", "all"), default="control", help="what is compared")
    add("--claim", choices=get_args(Claim), default="different", help="default: different")
    add("--margin", type=float, metavar="POINTS", help="for non_inferior and equivalent")
    add("--metric", choices=get_args(MetricName), default="f1", help="default: f1")
    add("--alpha", type=_share, default=0.05, help="error rate of all claims (default: 0.05)")
    add("--clusters", metavar="FIELD,FIELD", help="what items are nested in, outermost first")
    add("--slices", metavar="NAME,NAME", help="parts of the items to look at, or fields of them")
    add(
        "--missing",
        choices=("leave-out", "empty"),
        default="leave-out",
        help="items without a prediction: left out for all systems, or an empty answer",
    )
    add("--output", metavar="DIR", help="folder of the report (default: results/comparison)")
    parser.set_defaults(run=_compare)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 1e-6 <= value < 0.5:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.000001 and 0.5")
    return value


def _takes_experiment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="experiment file (YAML)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="assignments",
        metavar="PATH=VALUE",
        help="change the experiment, such as base.training.epochs=2; may be repeated",
    )


def _takes_tracking(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tracking-uri",
        metavar="URI",
        help="MLflow tracking store (default: MLFLOW_TRACKING_URI, or sqlite:///mlflow.db)",
    )
    parser.add_argument("--verbose", action="store_true", help="show the libraries' messages too")


def _takes_storage(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--storage",
        metavar="URL",
        help="where searches are kept: a journal file, or a database such as"
        " postgresql+psycopg://user@host/name (default: OPTUNA_STORAGE, or optuna.journal)",
    )


def _takes_places(parser: argparse.ArgumentParser, output: str) -> None:
    parser.add_argument("--output", metavar="DIR", help=output)
    _takes_tracking(parser)


def _ablation(options: argparse.Namespace) -> int:
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


def _search(options: argparse.Namespace) -> int:
    from harness.searching import run_search

    return run_search(
        options.file,
        options.assignments,
        storage=options.storage,
        output=options.output,
        tracking_uri=options.tracking_uri,
    )


def _plan(options: argparse.Namespace) -> int:
    from harness.preview import print_plan

    print_plan(
        options.file,
        options.assignments,
        tracking_uri=options.tracking_uri,
        pilot=options.pilot,
    )
    return 0


def _report(options: argparse.Namespace) -> int:
    from harness.reporting import combine_reports, remake_report

    places = {"output": options.output, "tracking_uri": options.tracking_uri}
    if len(options.ablations) > 1:
        return combine_reports(options.ablations, **places)
    return remake_report(options.ablations[0], **places)


def _compare(options: argparse.Namespace) -> int:
    from harness.comparing import Comparing, compare

    return compare(
        Comparing(
            references=options.references,
            predictions=options.predictions,
            control=options.control,
            claim=options.claim,
            metric=options.metric,
            margin=options.margin,
            alpha=options.alpha,
            all_pairs=options.pairs == "all",
            clusters=options.clusters.split(",") if options.clusters else None,
            slices=options.slices.split(",") if options.slices else None,
            missing_is_empty=options.missing == "empty",
            output=options.output,
        )
    )


def _schema(options: argparse.Namespace) -> int:
    import json

    from harness.experiment import schema_as_json

    print(json.dumps(schema_as_json(), indent=2, ensure_ascii=False))
    return 0
