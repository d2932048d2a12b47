"""What `harness VERB` takes, and whom it asks: one module for each verb, no logic.

Modules of the project are imported when a verb runs, so that `--help` answers at once. To add a
verb: a module with `add` and `run`, and a row in `VERBS`.
"""

import argparse
from collections.abc import Callable, Mapping
from typing import NamedTuple

from harness.verbs import (
    ablation,
    compare,
    import_,
    plan,
    playground,
    predict,
    push,
    report,
    schema,
    search,
)

__all__ = ["VERBS", "Verb"]


class Verb(NamedTuple):
    """A verb of the command line.

    Attributes
    ----------
    help : str
        What it does, in a line.
    add : callable
        Gives a parser its arguments.
    run : callable
        From the parsed arguments to the exit code.
    """

    help: str
    add: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


VERBS: Mapping[str, Verb] = {
    "ablation": Verb("run an experiment and report its verdicts", ablation.add, ablation.run),
    "search": Verb(
        "find each arm's best settings on validation items, with equal budgets",
        search.add,
        search.run,
    ),
    "plan": Verb("show what an experiment would run and could detect", plan.add, plan.run),
    "report": Verb("remake the report of a past ablation", report.add, report.run),
    "compare": Verb("compare predictions that were made anywhere", compare.add, compare.run),
    "predict": Verb("answer questions with a trained arm", predict.add, predict.run),
    "playground": Verb(
        "talk to trained arms side by side, in a browser", playground.add, playground.run
    ),
    "push": Verb("upload a trained arm and its model card to the Hub", push.add, push.run),
    "import": Verb(
        "turn another tool's configuration into an experiment file", import_.add, import_.run
    ),
    "schema": Verb("print the JSON schema of experiment files", schema.add, schema.run),
}
"""Name -> verb, in the order of `harness --help`."""
