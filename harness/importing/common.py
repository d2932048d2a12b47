"""What every imported experiment gets: its question, its factor, the data files.

Imports of other tools share these; a key of one tool does not occur here.
"""

from __future__ import annotations

from typing import NamedTuple

from harness.importing.account import Entry, added

__all__ = ["Places", "placed", "questioned"]


class Places(NamedTuple):
    """Data files as the command line names them.

    Attributes
    ----------
    train, test, validation : str or None
    """

    train: str | None = None
    test: str | None = None
    validation: str | None = None


def questioned(name: str, model: str, tool: str) -> list[Entry]:
    """The question that a configuration of one training leaves open, whether it helped."""
    return [
        added("name", name, "the file's name; it is the experiment's name in MLflow too"),
        added(
            "question",
            f"Does fine-tuning {model} on these items improve its answers?",
            "an experiment answers a question, and the report opens with it: word it your way",
        ),
        added(
            "factors",
            {
                "fine_tuning": {
                    "control": {"untrained": {"training.max_steps": 0}},
                    "treatments": {"fine-tuned": {}},
                }
            },
            f"{tool} trains one model, an experiment compares arms: yours with the base model as"
            " it is, which needs nothing else. To ask something else, replace the levels, for"
            " example control {full: {model.precision: full}}, treatments {nf4:"
            " {model.precision: nf4}}; any path below `base` can differ",
        ),
        added("seeds", [0, 1, 2], "three trainings tell the recipe's effect from one seed's luck"),
        added(
            "analysis",
            {"primary": "f1", "hypotheses": [{"factor": "fine_tuning", "claim": "better"}]},
            "what is claimed is fixed before the first score: fine-tuned answers are better by F1",
        ),
    ]


def placed(places: Places, file: str) -> list[Entry]:
    """The data files; names to be filled in where the command line gave none."""
    suffix = "." + (places.train or "data.csv").rpartition(".")[2]
    hint = f"put your file's name here, or import {file} again with"
    entries = [
        added(
            "base.data.train.file",
            places.train or "train.csv",
            "from --data" if places.train else f"{hint} --data FILE",
        ),
        added(
            "base.data.test.file",
            places.test or f"test{suffix}",
            "from --test"
            if places.test
            else f"arms are compared on items of their own file: {hint} --test FILE. With one"
            " file only, cut the test items off it once, as the guide in docs/guides shows",
        ),
    ]
    if places.validation:
        entries.append(added("base.data.validation.file", places.validation, "from --validation"))
    return entries
