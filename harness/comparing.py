"""Predictions that were made anywhere, compared like the arms of an ablation.

Reads files, pairs them item by item and hands them to the same report. Trains and tracks nothing.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from harness.audit import Background, item_texts, profile_of, slice_labels
from harness.data import Dataset, load_references
from harness.data.messages import listed, nearest
from harness.errors import DataError
from harness.experiment import Hypothesis
from harness.experiment.contrasts import contrast_between
from harness.predictions.systems import (
    System,
    digest_of,
    named_files,
    paired_items,
    read_systems,
    record_of,
)
from harness.reporting import output_folder, surroundings
from reports.study import Study

if TYPE_CHECKING:
    from harness.experiment.schema import Claim, MetricName

__all__ = ["Comparing", "compare"]

FACTOR = "system"
OF_TRAINING = {"answer_seen", "overlap"}


@dataclass(frozen=True)
class Comparing:
    """What is asked of some predictions.

    Attributes
    ----------
    references : str
        File of test items with their answers.
    predictions : sequence of str
        `NAME=FILE`; a name that occurs again is another training seed of that system.
    control : str or None
        The system that the others are compared with; the first one when left out.
    claim, metric, margin, alpha
        As in an experiment's `analysis`.
    all_pairs : bool
        Every system against every other, instead of each against the control.
    clusters : sequence of str or None
        Fields of the references that items are nested in, outermost first.
    slices : sequence of str or None
        Parts of the items to look at, as `analysis.slices` of an experiment.
    missing_is_empty : bool
        An item without a prediction counts as an empty answer, instead of being left out.
    output : str or None
        Folder of the report.
    """

    references: str
    predictions: Sequence[str]
    control: str | None = None
    claim: Claim = "different"
    metric: MetricName = "f1"
    margin: float | None = None
    alpha: float = 0.05
    all_pairs: bool = False
    clusters: Sequence[str] | None = None
    slices: Sequence[str] | None = None
    missing_is_empty: bool = False
    output: str | None = None


def compare(asked: Comparing) -> int:
    """Compare predictions, write the report and print the verdicts.

    Returns
    -------
    int
        0.

    Raises
    ------
    DataError, OutputError
        A file, name or claim cannot be used, or the report cannot be written.
    """
    places = named_files(asked.predictions)
    names = tuple(dict.fromkeys(name for name, _ in places))
    hypotheses = _hypotheses(asked, names)
    dataset = load_references(asked.references, asked.clusters)
    systems = read_systems(places)
    kept, notes = paired_items(dataset, systems, asked.missing_is_empty)
    notes = [*notes, *_other_notes(systems, dataset)]
    slices = _slices(asked, dataset)
    for note in notes:
        print(note, file=sys.stderr)
    folder = output_folder(asked.output, "comparison")
    study = Study(
        name="comparison",
        question=_question(asked, names),
        arms=names,
        seeds=tuple(range(max(one.seed for one in systems) + 1)),
        hypotheses=hypotheses,
        primary=asked.metric,
        alpha=asked.alpha,
        notes=tuple(notes),
        declared=False,
        facts=_facts(asked, dataset, systems),
        background=_background(slices, dataset, names),
    )
    records = [record_of(one, dataset, kept) for one in systems]
    from reports.build import build_report, verdict_lines

    print("scoring and comparing", file=sys.stderr)
    result = build_report(study, records, dataset.cluster_names, surroundings(), folder)
    print("\n".join(verdict_lines(result.analysis)))
    print(f"report: {folder / 'report.html'}")
    return 0


def _background(slices: pd.DataFrame, dataset: Dataset, names: Sequence[str]) -> Background:
    """What is known of the items; the notes on reading them are the study's."""
    profile = profile_of(dict.fromkeys(names, replace(dataset, notes=())))
    return Background(slices, None, texts=item_texts(dataset), profile=profile)


def _slices(asked: Comparing, dataset: Dataset) -> pd.DataFrame:
    of_training = sorted(OF_TRAINING.intersection(asked.slices or ()))
    if of_training:
        raise DataError(
            "this slice needs training items, which are not known here",
            where="--slices",
            got=listed(of_training),
            fix="leave it out",
        )
    return slice_labels(dataset, None, asked.slices, where="--slices")


def _hypotheses(asked: Comparing, names: Sequence[str]) -> tuple[Hypothesis, ...]:
    control = asked.control or names[0]
    if control not in names:
        raise DataError(
            "the control is none of the systems",
            where="--control",
            got=control,
            allowed=listed(names),
            fix=nearest(control, names),
        )
    if asked.margin is not None and not 0 < asked.margin <= 100:
        raise DataError(
            "this is no margin",
            where="--margin",
            got=asked.margin,
            allowed="points, more than 0 and at most 100",
        )
    needs_margin = asked.claim in ("non_inferior", "equivalent")
    if needs_margin != (asked.margin is not None):
        raise DataError(
            f"the claim {asked.claim} {'needs a' if needs_margin else 'takes no'} margin",
            where="--margin",
            got=asked.margin if asked.margin is not None else "none",
            allowed="the largest difference that does not matter, in points of 0 to 100, for"
            " non_inferior and equivalent",
        )
    ordered = [control, *(name for name in names if name != control)]
    pairs = list(itertools.combinations(ordered, 2))
    if not asked.all_pairs:
        pairs = [pair for pair in pairs if pair[0] == control]
    levels = {name: {FACTOR: name} for name in names}
    return tuple(
        Hypothesis(
            contrast_between({FACTOR: (treatment, other)}, levels),
            asked.claim,
            asked.metric,
            asked.margin,
        )
        for other, treatment in pairs
    )


def _question(asked: Comparing, names: Sequence[str]) -> str:
    control = asked.control or names[0]
    others = [name for name in names if name != control]
    if asked.all_pairs:
        return f"How do {', '.join(names)} compare with each other?"
    return f"How {'does' if len(others) == 1 else 'do'} {', '.join(others)} compare with {control}?"


def _other_notes(systems: Sequence[System], dataset: Dataset) -> list[str]:
    notes = [
        f"{one.name} ({one.path.name}): {note}." for one in systems for note in one.found.notes
    ]
    if any(one.seed for one in systems):
        notes.append(
            "Each file of a name counts as one training seed of that system, in the order given;"
            " several answers of one trained model are no seeds."
        )
    return [*(f"References, {note}." for note in dataset.notes[1:]), *notes]


def _facts(asked: Comparing, dataset: Dataset, systems: Sequence[System]) -> Mapping[str, str]:
    files = [
        f"{digest_of(one.path)}  {one.name}: {one.path} ({one.found.format})" for one in systems
    ]
    return {
        "References": f"{asked.references} ({dataset.notes[0].removeprefix('test: ')})",
        "References, sha256": digest_of(Path(asked.references).expanduser()),
        "Predictions": "\n".join(files) + "\n",
    }
