"""A trained arm asked from the command line: one question, or a file of them.

Answers go to standard output or to a file, everything else to standard error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console

from harness.data import READERS, Item, Record
from harness.data.columns import find_columns
from harness.data.conversion import to_items
from harness.data.messages import counted, listed, nearest
from harness.data.records import Origin
from harness.data.sources import read_file
from harness.errors import DataError, ExperimentError
from harness.metrics import METRICS, corpus_scores, score_items
from harness.predictions.writing import check_output, write_answers
from harness.progress import Progress
from harness.trained import load_arm

if TYPE_CHECKING:
    from harness.trained import TrainedArm

__all__ = ["Questions", "predict_file", "predict_one", "read_questions"]


class Questions(NamedTuple):
    """What a file asks.

    Attributes
    ----------
    items : tuple of Item
        Without answers where the file has none.
    answered : bool
        Whether the file has reference answers.
    notes : tuple of str
        What is irregular in it, a sentence each.
    """

    items: tuple[Item, ...]
    answered: bool
    notes: tuple[str, ...]


def predict_one(
    run: str,
    question: str,
    context: str | None = None,
    fields: Mapping[str, str] | None = None,
    *,
    base_model: str | None = None,
    tracking_uri: str | None = None,
) -> int:
    """Print a trained arm's answer to one question, and nothing else, on standard output.

    Parameters
    ----------
    run, base_model, tracking_uri
        As for `harness.trained.load_arm`.
    question, context, fields
        As for `harness.trained.TrainedArm.answer`.

    Returns
    -------
    int
        0.

    Raises
    ------
    InputError
        There is no such run, or the prompt needs what is not given or not what is given.
    """
    arm = load_arm(run, base_model=base_model, tracking_uri=tracking_uri)
    names = arm.settings.prompt.names
    for name in fields or {}:
        if name not in names:
            raise DataError(
                f"this arm's prompt has no place for {name!r}",
                where="--field",
                got=f"{name}=…",
                allowed=listed(names),
                fix=nearest(name, names),
            )
    print(arm.answer(question, context, **(fields or {})))
    return 0


def predict_file(
    run: str,
    source: str,
    output: str,
    columns: Mapping[str, str] | None = None,
    *,
    base_model: str | None = None,
    tracking_uri: str | None = None,
) -> int:
    """Write a trained arm's answers to all questions of a file, and print scores if it has some.

    The output appears when all is answered: an interruption leaves what was there before.

    Parameters
    ----------
    run, base_model, tracking_uri
        As for `harness.trained.load_arm`.
    source : str
        A file of a kind in `harness.data.READERS`.
    output : str
        A file of a kind in `harness.predictions.writing.WRITERS`.
    columns : mapping, optional
        The input's columns for `question`, `answers`, `context`, `id` and others, besides those
        that the run's own data has.

    Returns
    -------
    int
        0.

    Raises
    ------
    InputError
        There is no such run, or a file cannot be used.
    """
    path = Path(output).expanduser()
    check_output(path)
    origin = read_file(source, READERS, "--input")
    console = Console(stderr=True, highlight=False)
    arm = load_arm(run, base_model=base_model, tracking_uri=tracking_uri)
    asked = read_questions(origin, arm.settings.fields, columns or {})
    for note in asked.notes:
        console.print(f"input: {note}", markup=False, soft_wrap=True)
    answers = _answered(arm, asked.items, console)
    write_answers([(item.id, text) for item, text in zip(asked.items, answers, strict=True)], path)
    console.print(f"answers: {path}", markup=False, soft_wrap=True)
    if asked.answered:
        print(_scores(answers, asked.items))
    return 0


def read_questions(
    origin: Origin, known: Mapping[str, str], columns: Mapping[str, str]
) -> Questions:
    """Items of a file that may have no answers.

    Parameters
    ----------
    origin : Origin
        The file's rows.
    known : mapping of str to str
        Columns of the run's own data by field; those that the file does not have are passed over.
    columns : mapping of str to str
        Columns of this file by field; they have to be there.

    Raises
    ------
    DataError
        There is no question, or a row cannot be used.
    """
    available = {name for record in origin.records for name in record.values}
    fields = {name: column for name, column in known.items() if column in available}
    fields = {"answers" if n == "answer" else n: c for n, c in {**fields, **columns}.items()}
    answered = "answers" in fields or bool({"answers", "answer"} & available)
    if not answered:
        rows = [Record(one.where, {**one.values, "answers": []}) for one in origin.records]
        origin = Origin(origin.name, rows)
    try:
        if origin.records:
            find_columns(origin, fields)
        items, notes = to_items(origin, fields, "test")  # unnamed items are called as in a run
    except DataError as error:
        if "base.data" not in f"{error.where}{error.fix}":
            raise
        raise DataError(
            error.what,
            where=f"--input {origin.name}",
            got=f"the columns {listed(sorted(available))}",
            fix="name the columns: --column question=COLUMN",
        ) from None
    if not answered:
        notes = [note for note in notes if "unanswerable" not in note]
        notes.append(f"{counted(len(items), 'item')} without reference answers: nothing is scored")
    return Questions(tuple(items), answered, tuple(notes))


def _answered(arm: TrainedArm, items: Sequence[Item], console: Console) -> list[str]:
    with Progress(1, console) as progress:
        progress.start(arm.name)
        try:
            found = arm.answers(items, lambda done, n: progress.stage("generating", done, n))
        except ExperimentError as error:  # the prompt is as it was trained: the file lacks a field
            raise DataError(
                error.what,
                where="--input",
                got=error.got,
                allowed=error.allowed,
                fix="name the field's column: --column FIELD=COLUMN",
            ) from None
        progress.finish(counted(len(found), "answer"))
    return [one.text for one in found]


def _scores(answers: Sequence[str], items: Sequence[Item]) -> str:
    """All metrics in a line, as `EM 61.2  F1 70.4`."""
    columns = score_items(list(answers), [list(item.answers) for item in items])
    scores = corpus_scores(columns)
    return "  ".join(f"{METRICS[name].label} {value:.1f}" for name, value in scores.items())
