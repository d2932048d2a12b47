"""`harness compare`: the same statistics for predictions that were made anywhere."""

from __future__ import annotations

import argparse
from typing import get_args

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    from harness.experiment.schema import Claim, MetricName

    take = parser.add_argument
    take(
        "--references", required=True, metavar="FILE", help="test items with answers, and contexts"
    )
    take(
        "--predictions",
        required=True,
        action="append",
        metavar="NAME=FILE",
        help="answers of one system: SQuAD's {id: answer} JSON, a run's predictions.parquet,"
        " lm-evaluation-harness samples_*.jsonl, an Inspect log; repeat for each system, and with"
        " the same NAME for each training seed",
    )
    take("--control", metavar="NAME", help="compare the others with it (default: the first)")
    take("--pairs", choices=("control", "all"), default="control", help="what is compared")
    take("--claim", choices=get_args(Claim), default="different", help="default: different")
    take("--margin", type=float, metavar="POINTS", help="for non_inferior and equivalent")
    take("--metric", choices=get_args(MetricName), default="f1", help="default: f1")
    take("--alpha", type=_share, default=0.05, help="error rate of all claims (default: 0.05)")
    take("--clusters", metavar="FIELD,FIELD", help="what items are nested in, outermost first")
    take("--slices", metavar="NAME,NAME", help="parts of the items to look at, or fields of them")
    take(
        "--missing",
        choices=("leave-out", "empty"),
        default="leave-out",
        help="items without a prediction: left out for all systems, or an empty answer",
    )
    take("--output", metavar="DIR", help="folder of the report (default: results/comparison)")


def run(options: argparse.Namespace) -> int:
    """Run it."""
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


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not 1e-6 <= value < 0.5:
        raise argparse.ArgumentTypeError(f"{text} is not between 0.000001 and 0.5")
    return value
