"""Arguments that several verbs have."""

from __future__ import annotations

import argparse

__all__ = ["takes_experiment", "takes_places", "takes_storage", "takes_tracking"]


def takes_experiment(parser: argparse.ArgumentParser) -> None:
    """An experiment file, and overrides of it."""
    parser.add_argument("file", metavar="FILE", help="experiment file (YAML)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="assignments",
        metavar="PATH=VALUE",
        help="change the experiment, such as base.training.epochs=2; may be repeated",
    )


def takes_tracking(parser: argparse.ArgumentParser) -> None:
    """The tracking store."""
    parser.add_argument(
        "--tracking-uri",
        metavar="URI",
        help="MLflow tracking store (default: MLFLOW_TRACKING_URI, or sqlite:///mlflow.db)",
    )
    parser.add_argument("--verbose", action="store_true", help="show the libraries' messages too")


def takes_storage(parser: argparse.ArgumentParser) -> None:
    """Where searches are kept."""
    parser.add_argument(
        "--storage",
        metavar="URL",
        help="where searches are kept: a journal file, or a database such as"
        " postgresql+psycopg://user@host/name (default: OPTUNA_STORAGE, or optuna.journal)",
    )


def takes_places(parser: argparse.ArgumentParser, output: str) -> None:
    """Where results go: a folder, and the tracking store."""
    parser.add_argument("--output", metavar="DIR", help=output)
    takes_tracking(parser)
