from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from harness.experiment import Experiment, RunSpec, make_plan
from harness.tracking.inputs import DataInput, dataset_input, parameters
from tests.tracking.examples import EXPERIMENT


def spec_of(**changes: Any) -> RunSpec:
    tree = copy.deepcopy(EXPERIMENT)
    tree["base"]["prompt"] |= changes.pop("prompt", {})
    return make_plan(Experiment.model_validate(tree | changes)).runs[-1]


def test_what_differs_between_arms_comes_first() -> None:
    entries = parameters(spec_of())
    assert list(entries)[:3] == ["factor.context", "factor.precision", "seed"]
    assert [*entries.values()][:3] == ["question+context", "nf4", "1"]


def test_configuration_is_flat_and_resolved() -> None:
    entries = parameters(spec_of())
    assert entries["model.adapter.r"] == "4"
    assert entries["model.precision"] == "nf4"
    assert entries["prompt.template"] == "{context} {question}"
    assert entries["training.learning_rate"] == "0.001"


def test_what_is_not_set_is_left_out() -> None:
    entries = parameters(spec_of())
    assert "model.revision" not in entries
    assert "data.fields" not in entries
    assert not {"None", "null", "{}", ""} & set(entries.values())


@pytest.mark.parametrize("excess", [0, 1])
def test_long_template_is_cut_to_mlflows_limit(excess: int) -> None:
    template = "é" * (6000 + excess)
    value = parameters(
        spec_of(
            factors={"r": {"control": {"4": {}}, "treatments": {"8": {"model.adapter.r": 8}}}},
            prompt={"template": template},
        )
    )["prompt.template"]
    assert len(value) == 6000
    assert value.endswith("…") == bool(excess)


def test_factor_names_that_mlflow_does_not_allow_stay_apart() -> None:
    levels = {"control": {"a": {}}, "treatments": {"b": {"training.batch_size": 2}}}
    others = {"control": {"a": {}}, "treatments": {"c": {"training.epochs": 2}}}
    entries = parameters(spec_of(factors={"x+y": levels, "x=y": others}))
    assert entries["factor.x_y"] == "b"
    assert entries["factor.x_y_"] == "c"


def test_data_set_input_is_metadata() -> None:
    data = DataInput("train", "squad", "0123456789abcdef" * 4, "squad", hub=True, items=8000)
    entity = dataset_input(data)
    assert entity.dataset.name == "squad train"
    assert entity.dataset.digest == ("0123456789abcdef" * 4)[:36]
    assert entity.dataset.source_type == "hugging_face"
    assert json.loads(entity.dataset.source) == {"path": "squad"}
    assert json.loads(entity.dataset.profile) == {"num_rows": 8000}
    assert [(tag.key, tag.value) for tag in entity.tags] == [("mlflow.data.context", "train")]
