"""Predictions that were made anywhere, compared like the arms of an ablation.

Reads files, pairs them item by item and hands them to the same report. Trains and tracks nothing.
"""

from __future__ import annotations

import hashlib
import itertools
import sys
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from harness.audit import Background, item_texts, profile_of, slice_labels
from harness.data import Dataset, load_references
from harness.data.messages import counted, listed, nearest
from harness.errors import DataError
from harness.experiment import Hypothesis
from harness.experiment.contrasts import contrast_between
from harness.predictions import Predictions, read_predictions
from harness.reporting import output_folder, surroundings
from harness.results import RunRecord
from reports.study import Study

if TYPE_CHECKING:
    from harness.experiment.schema import Claim, MetricName

__all__ = ["Comparing", "compare"]

FACTOR = "system"
OF_TRAINING = {"answer_seen", "overlap"}
_NAMED = 3


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


@dataclass(frozen=True)
class _System:
    """One file of a system; `seed` counts the files of its name."""

    name: str
    seed: int
    path: Path
    found: Predictions


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
    places = _named_files(asked.predictions)
    names = tuple(dict.fromkeys(name for name, _ in places))
    hypotheses = _hypotheses(asked, names)
    dataset = load_references(asked.references, asked.clusters)
    systems: list[_System] = []
    for name, path in places:
        seed = sum(one.name == name for one in systems)
        systems.append(_System(name, seed, path, read_predictions(path)))
    _check_seeds(systems)
    kept, notes = _kept_items(dataset, systems, asked.missing_is_empty)
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
    records = [_record(one, dataset, kept) for one in systems]
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


def _named_files(given: Sequence[str]) -> list[tuple[str, Path]]:
    places = []
    for text in given:
        name, equals, file = text.partition("=")
        if not (name.strip() and equals and file.strip()):
            raise DataError(
                "predictions need a name and a file",
                where="--predictions",
                got=text,
                allowed="NAME=FILE, such as baseline=predictions/baseline.json",
            )
        places.append((name.strip(), Path(file).expanduser()))
    if len({name for name, _ in places}) < 2:
        raise DataError(
            "there is nothing to compare with",
            where="--predictions",
            got=listed(given),
            allowed="at least two different names; the same name again is another training seed",
        )
    return places


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


def _check_seeds(systems: Sequence[_System]) -> None:
    """Each system has as many files, and no file counts twice."""
    counts = Counter(one.name for one in systems)
    if len({*counts.values()}) > 1:
        raise DataError(
            "the systems have different numbers of files, so that seeds cannot be paired",
            where="--predictions",
            got=", ".join(f"{name}: {counted(n, 'file')}" for name, n in counts.items()),
            allowed="as many files, one for each training seed, of every system",
        )
    known: dict[tuple[str, str], Path] = {}
    for one in systems:
        key = one.name, _digest(one.path)
        if key in known:
            raise DataError(
                "a file is given twice for a system; a repeated seed is not a replicate",
                where="--predictions",
                got=f"{one.name}={one.path} has the content of {known[key]}",
            )
        known[key] = one.path


def _question(asked: Comparing, names: Sequence[str]) -> str:
    control = asked.control or names[0]
    others = [name for name in names if name != control]
    if asked.all_pairs:
        return f"How do {', '.join(names)} compare with each other?"
    return f"How {'does' if len(others) == 1 else 'do'} {', '.join(others)} compare with {control}?"


def _kept_items(
    dataset: Dataset, systems: Sequence[_System], missing_is_empty: bool
) -> tuple[set[str], list[str]]:
    """Ids of the items that are compared, and what does not match on both sides."""
    known = {item.id for item in dataset.test}
    kept = set(known)
    lacking: dict[frozenset[str], list[str]] = {}
    unknown: dict[frozenset[str], list[str]] = {}
    for one in systems:
        own = set(one.found.answers)
        if not own & known:
            raise DataError(
                "no prediction has the id of an item",
                where=str(one.path),
                got=f"ids such as {_some(own)}",
                allowed=f"ids of the references, such as {_some(known)}",
                fix="the references have no ids and are named by row: add a column `id` to them"
                if _unnamed(dataset)
                else "give the references that these predictions were made for",
            )
        whose = f"{one.name} ({one.path.name})"
        lacking.setdefault(frozenset(known - own), []).append(whose)
        unknown.setdefault(frozenset(own - known), []).append(whose)
        kept &= own
    taken = (
        "count as empty answers, which are right where a question has none"
        if missing_is_empty
        else "are left out for all systems"
    )
    notes = [
        f"No prediction for {len(ids):,} of {counted(len(known), 'item')}, such as {_some(ids)},"
        f" in {_files(whose, systems)}; they {taken}."
        for ids, whose in lacking.items()
        if ids
    ]
    notes += [
        f"{counted(len(ids), 'prediction')} whose id no item has, such as {_some(ids)}, in"
        f" {_files(whose, systems)}; not looked at."
        for ids, whose in unknown.items()
        if ids
    ]
    if not kept and not missing_is_empty:
        raise DataError(
            "no item has a prediction of every system",
            where="--predictions",
            got=" ".join(notes),
            fix="compare systems that answered the same items, or give --missing empty",
        )
    return (known if missing_is_empty else kept), notes


def _unnamed(dataset: Dataset) -> bool:
    return any("have no id" in note for note in dataset.notes)


def _files(whose: Sequence[str], systems: Sequence[_System]) -> str:
    return "every file" if len(whose) == len(systems) else ", ".join(whose)


def _some(ids: Set[str]) -> str:
    return ", ".join(repr(one) for one in sorted(ids)[:_NAMED])


def _other_notes(systems: Sequence[_System], dataset: Dataset) -> list[str]:
    notes = [
        f"{one.name} ({one.path.name}): {note}." for one in systems for note in one.found.notes
    ]
    if any(one.seed for one in systems):
        notes.append(
            "Each file of a name counts as one training seed of that system, in the order given;"
            " several answers of one trained model are no seeds."
        )
    return [*(f"References, {note}." for note in dataset.notes[1:]), *notes]


def _record(one: _System, dataset: Dataset, kept: set[str]) -> RunRecord:
    items = [item for item in dataset.test if item.id in kept]
    columns: dict[str, list[object]] = {"item": [item.id for item in items]}
    for level, name in enumerate(dataset.cluster_names):
        columns[name] = [item.clusters[level] for item in items]
    columns["references"] = [list(item.answers) for item in items]
    columns["prediction"] = [one.found.answers.get(item.id, "") for item in items]
    frame = pd.DataFrame(columns)
    return RunRecord(one.name, one.seed, "finished", _digest(one.path), predictions=frame)


def _facts(asked: Comparing, dataset: Dataset, systems: Sequence[_System]) -> Mapping[str, str]:
    files = [f"{_digest(one.path)}  {one.name}: {one.path} ({one.found.format})" for one in systems]
    return {
        "References": f"{asked.references} ({dataset.notes[0].removeprefix('test: ')})",
        "References, sha256": _digest(Path(asked.references).expanduser()),
        "Predictions": "\n".join(files) + "\n",
    }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
