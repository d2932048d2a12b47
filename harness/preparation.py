"""Everything that is settled before the first training: plan, items, models, fingerprints.

All input errors are found here, so that nothing is written for an experiment that
cannot run. Loads no weights and imports no torch.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np

from harness.audit import slice_labels
from harness.data import Dataset, Item, content_hash, load_dataset
from harness.data.prompts import check_template, template_notes
from harness.errors import ExperimentError
from harness.experiment import Arm, Plan
from harness.experiment.data import Split, Validation
from harness.experiment.fingerprint import fingerprint
from harness.experiment.section import EMBEDDED_PREFIX
from harness.metrics import METRICS, score_items
from harness.models.sources import ModelSource, find_model
from harness.tracking import DataInput, SplitName

__all__ = [
    "Prepared",
    "asked_of_the_hub",
    "find_models",
    "inputs_of",
    "load_datasets",
    "prepare",
]


@dataclass(frozen=True)
class Prepared:
    """A plan whose data and models were found.

    Attributes
    ----------
    plan : Plan
        What will be run and compared.
    datasets : mapping
        From arm name to its items; arms with the same `data` share one value.
    models : mapping
        From arm name to its base model.
    hashes : mapping
        From arm name to the content hash of each of its splits.
    fingerprints : mapping
        From run name to the run's identity.
    """

    plan: Plan
    datasets: Mapping[str, Dataset]
    models: Mapping[str, ModelSource]
    hashes: Mapping[str, Mapping[str, str]]
    fingerprints: Mapping[str, str]


def prepare(plan: Plan, loaded: Mapping[str, Dataset] | None = None) -> Prepared:
    """Load a plan's items, find its models, and identify its runs.

    Parameters
    ----------
    plan : Plan
    loaded : mapping, optional
        Items by arm name, if they have been loaded already.

    Raises
    ------
    DataError, ModelError, ExperimentError
        Data, a model or a template cannot be used.
    """
    models = find_models(plan)
    datasets = load_datasets(plan, loaded)
    _check_metrics(plan, datasets)
    slices = plan.experiment.analysis.slices
    if slices is not None:  # a wrong name is found here, not after the training
        slice_labels(next(iter(datasets.values())), None, slices)
    known: dict[int, dict[str, str]] = {}
    for dataset in datasets.values():
        if id(dataset) not in known:
            known[id(dataset)] = {
                split: content_hash(getattr(dataset, split))
                for split in ("train", "validation", "test")
            }
    hashes = {arm: known[id(dataset)] for arm, dataset in datasets.items()}
    fingerprints = {
        run.name: fingerprint(run, data=hashes[run.arm.name], model=models[run.arm.name].identity)
        for run in plan.runs
    }
    return Prepared(plan, datasets, models, hashes, fingerprints)


def _check_metrics(plan: Plan, datasets: Mapping[str, Dataset]) -> None:
    """A metric that cannot score the data is found out now, not after the training."""
    analysis = plan.experiment.analysis
    asked = {"analysis.primary": analysis.primary}
    asked |= {f"analysis.hypotheses, {h.contrast.name}": h.metric for h in plan.hypotheses}
    for where, metric in asked.items():
        _check_references(metric, datasets[plan.arms[0].name].test, where)
    for arm in plan.arms:
        training, validation = arm.config.training, datasets[arm.name].validation
        if training.best is not None and validation and not training.is_none:
            _check_references(training.best.metric, validation, "base.training.best.metric")


def _check_references(metric: str, items: Sequence[Item], where: str) -> None:
    needs = METRICS[metric].needs if metric in METRICS else ""
    if not needs:
        return
    answers = [item.answers for item in items]
    scores = score_items([""] * len(items), answers, [metric])
    if all(np.isnan(column).all() for column in scores.values()):
        raise ExperimentError(
            "the metric can score no item",
            where=where,
            got=f"{metric} with references such as {next(filter(None, answers), '')!r:.80}",
            allowed=f"references that are {needs}",
            fix="choose another metric, such as f1 or bleu",
        )


def asked_of_the_hub(plan: Plan) -> list[str]:
    """Names of models and data sets that a hub has to answer for, which may take a while."""
    names: dict[str, None] = {}
    for arm in plan.arms:
        data, model = arm.config.data, arm.config.model.name
        places = [data.train, data.test, data.validation]
        if any(place and place.split and not place.file for place in places) and data.source:
            names[data.source] = None
        if not os.path.exists(os.path.expanduser(model)):
            names[model] = None
    return [name for name in names if not name.startswith(EMBEDDED_PREFIX)]


def load_datasets(plan: Plan, known: Mapping[str, Dataset] | None = None) -> dict[str, Dataset]:
    """Items by arm name, each distinct `data` section loaded once, templates checked.

    Parameters
    ----------
    plan : Plan
    known : mapping, optional
        Items by arm name, if they have been loaded already.

    Raises
    ------
    DataError, ExperimentError
        Data or a template cannot be used.
    """
    loaded: dict[str, Dataset] = {}
    by_arm: dict[str, Dataset] = {}
    for arm in plan.arms:
        key = arm.config.data.model_dump_json()
        if known is not None:
            loaded[key] = known[arm.name]
        if key not in loaded:
            loaded[key] = load_dataset(arm.config.data)
        dataset = by_arm[arm.name] = loaded[key]
        for items in (dataset.train, dataset.validation, dataset.test):
            check_template(arm.config.prompt, items)
        _check_same_test_items(plan.arms[0], by_arm[plan.arms[0].name], arm, dataset)
    return _with_template_notes(plan, by_arm)


def _with_template_notes(plan: Plan, by_arm: Mapping[str, Dataset]) -> dict[str, Dataset]:
    """The same items with notes on which templates they use; shared ones stay shared."""
    notes: dict[int, dict[str, list[str]]] = {}
    for arm in plan.arms:
        dataset = by_arm[arm.name]
        for note in template_notes(arm.config.prompt, dataset):
            notes.setdefault(id(dataset), {}).setdefault(note, []).append(arm.name)
    sharing = Counter(id(dataset) for dataset in by_arm.values())
    noted = {}
    for one in {id(dataset): dataset for dataset in by_arm.values()}.values():
        said = [
            note if len(arms) == sharing[id(one)] else f"{note} (in {', '.join(arms)})"
            for note, arms in notes.get(id(one), {}).items()
        ]
        fresh = [note for note in said if note not in one.notes]
        noted[id(one)] = replace(one, notes=(*one.notes, *fresh)) if fresh else one
    return {arm: noted[id(dataset)] for arm, dataset in by_arm.items()}


def _check_same_test_items(first: Arm, expected: Dataset, arm: Arm, dataset: Dataset) -> None:
    """Fields may differ between arms; what is asked, scored and clustered may not."""

    def essence(one: Dataset) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
        return [(item.id, item.answers, item.clusters) for item in one.test]

    if dataset is not expected and essence(dataset) != essence(expected):
        raise ExperimentError(
            "a level changes the test items, so arms could not be compared item by item",
            where=f"factors: the arms {first.name!r} and {arm.name!r}",
            got=f"{len(expected.test):,} and {len(dataset.test):,} test items that differ in"
            " ids, reference answers, clusters or order",
            fix="vary data.train, prompt, model, training or generation instead",
        )


def find_models(plan: Plan) -> dict[str, ModelSource]:
    """Base models by arm name, each distinct one looked for once.

    Raises
    ------
    ModelError
        A model cannot be found.
    """
    found: dict[tuple[str, str | None, str | None], ModelSource] = {}
    by_arm: dict[str, ModelSource] = {}
    for arm in plan.arms:
        model = arm.config.model
        key = model.name, model.revision, model.gguf_file
        if key not in found:
            found[key] = find_model(model)
        by_arm[arm.name] = found[key]
    return by_arm


def inputs_of(
    arm: Arm, prepared: Prepared, splits: Sequence[SplitName] = get_args(SplitName)
) -> list[DataInput]:
    """What tracking is told about an arm's splits."""
    data, dataset = arm.config.data, prepared.datasets[arm.name]
    carved = data.validation is None or data.validation.share is not None
    places: dict[SplitName, Split | Validation | None] = {
        "train": data.train,
        "validation": data.train if carved else data.validation,
        "test": data.test,
    }
    inputs = []
    for split in splits:
        place = places[split]
        items = getattr(dataset, split)
        file = place.file if place else None
        source = file or data.source or ""
        if items:
            inputs.append(
                DataInput(
                    context=split,
                    name=Path(source).name,
                    digest=prepared.hashes[arm.name][split],
                    source=source,
                    hub=file is None and not source.startswith(EMBEDDED_PREFIX),
                    items=len(items),
                )
            )
    return inputs
