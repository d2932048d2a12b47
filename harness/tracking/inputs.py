"""What a run was given, in MLflow's terms: parameters and data sets.

Pure conversions; nothing is sent from here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from harness.experiment.plan import Plan, RunSpec, flattened
from harness.tracking import tags

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput

__all__ = ["DataInput", "SplitName", "as_parameters", "dataset_input", "parameters", "plan_tree"]

_MAX_VALUE, _MAX_KEY, _MAX_DIGEST = 6000, 250, 36  # MLflow's limits


SplitName = Literal["train", "validation", "test"]


class DataInput(NamedTuple):
    """A split that a run read: metadata only, never its items.

    Attributes
    ----------
    context : {"train", "validation", "test"}
        What it was read for.
    name : str
        Such as `squad` or a file's name.
    digest : str
        Hash of the content; MLflow keeps its first 36 characters.
    source : str
        A data set on the hub, a path, or an `embedded:` name.
    hub : bool
        Whether `source` is on the hub.
    items : int or None
        How many items were read.
    """

    context: SplitName
    name: str
    digest: str
    source: str
    hub: bool = False
    items: int | None = None


def dataset_input(data: DataInput) -> DatasetInput:
    """MLflow's entity for a split; the context is part of the name.

    MLflow keeps one of several inputs with the same name and digest, so a data set that is
    both training and test data would otherwise lose one of the two.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag

    return DatasetInput(
        Dataset(
            name=f"{data.name} {data.context}",
            digest=data.digest[:_MAX_DIGEST],
            source_type="hugging_face" if data.hub else "local",
            source=json.dumps({"path" if data.hub else "uri": data.source}),
            profile=None if data.items is None else json.dumps({"num_rows": data.items}),
        ),
        [InputTag(tags.DATA_CONTEXT, data.context)],
    )


def parameters(spec: RunSpec) -> dict[str, str]:
    """Parameters of a run: its factor levels and seed, then its whole configuration.

    Keys are `factor.NAME`, `seed`, and dotted paths such as `model.adapter.r`. What is not
    set is left out. A value beyond MLflow's limit ends in `…` here; `experiment.yaml` has it whole.
    """
    entries: dict[str, str] = {}
    for factor, label in spec.arm.levels.items():
        key = _key(f"factor.{factor}")
        while key in entries:  # names that differ only in what MLflow does not allow
            key += "_"
        entries[key] = _shortened(label)
    entries["seed"] = str(spec.seed)
    return entries | as_parameters(flattened(spec.arm.config.model_dump(mode="json")))


def plan_tree(plan: Plan, plan_hash: str, fingerprints: Mapping[str, str]) -> dict[str, Any]:
    """A plan's runs and hypotheses, as JSON takes them."""
    return {
        "plan": plan_hash,
        "runs": [
            {
                "arm": spec.arm.name,
                "levels": dict(spec.arm.levels),
                "seed": spec.seed,
                "fingerprint": fingerprints[spec.name],
            }
            for spec in plan.runs
        ],
        "hypotheses": [asdict(hypothesis) for hypothesis in plan.hypotheses],
    }


def as_parameters(values: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """Dotted paths and values within MLflow's limits; what is not set is left out."""
    return {
        _key(path): _shortened(_as_text(value))
        for path, value in values
        if value not in (None, {}, [])
    }


def _key(name: str) -> str:
    return re.sub(r"[^\w.\- ]", "_", name)[:_MAX_KEY]


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_VALUE else text[: _MAX_VALUE - 1] + "…"
