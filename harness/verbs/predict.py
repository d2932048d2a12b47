"""`harness predict`: answers of a trained arm."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from harness.verbs.common import takes_tracking

__all__ = ["add", "run"]


def add(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    take = parser.add_argument
    take(
        "trained",
        metavar="RUN",
        help="a finished run: its id, the beginning of it, or ABLATION/ARM/SEED; or a folder with"
        " a model or an adapter",
    )
    take("question", metavar="QUESTION", nargs="?", help="answered on standard output")
    take("--context", metavar="TEXT", help="what the question is about")
    take(
        "--field",
        action="append",
        default=[],
        type=_pair,
        metavar="NAME=TEXT",
        help="another field of the prompt; may be repeated",
    )
    take("--input", metavar="FILE", help="questions: SQuAD JSON, JSON, JSONL, CSV or Parquet")
    take(
        "--output",
        metavar="FILE",
        help="their answers: .jsonl, .json (SQuAD's {id: answer}), .csv or .parquet",
    )
    take(
        "--column",
        action="append",
        default=[],
        type=_pair,
        metavar="NAME=COLUMN",
        help="the input's column for question, context, answers, id or another field",
    )
    take("--base-model", metavar="PATH", help="the base, if it is not at its old place any more")
    takes_tracking(parser)


def run(options: argparse.Namespace) -> int:
    """Run it."""
    from harness.errors import DataError
    from harness.predicting import predict_file, predict_one

    places = {"base_model": options.base_model, "tracking_uri": options.tracking_uri}
    one = options.question is not None
    if one == (options.input is not None) or (options.input is None) != (options.output is None):
        raise DataError(
            "what is asked is not clear",
            where="harness predict",
            allowed='RUN "question", or RUN --input FILE --output FILE',
        )
    if one:
        fields = dict(options.field)
        context = fields.pop("context", None) if options.context is None else options.context
        _check_fields(fields)
        return predict_one(options.trained, options.question, context, fields, **places)
    columns = dict(options.column)
    return predict_file(options.trained, options.input, options.output, columns, **places)


def _check_fields(fields: Mapping[str, str]) -> None:
    """Refuse a field that has an argument of its own, which was given as well."""
    from harness.errors import DataError

    for name in ("question", "context"):
        if name in fields:
            raise DataError(
                f"the {name} is given twice",
                where=f"--field {name}={fields[name]}",
                fix="give it once",
            )


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name.strip() and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name.strip(), value
