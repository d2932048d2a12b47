"""Ludwig's model, adapter and generation, and what of Ludwig cannot be imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.errors import ExperimentError
from tests.importing.helpers import ludwig

M, G = "base.model", "base.generation"


@pytest.mark.parametrize(
    ("changed", "path", "expected"),
    [
        ({"quantization__bits": 4}, f"{M}.precision", "nf4"),
        ({"quantization__bits": 8}, f"{M}.precision", "int8"),
        ({"quantization": {"bits": 4, "bnb_4bit_quant_type": "fp4"}}, f"{M}.precision", "fp4"),
        ({"quantization__bnb_4bit_use_double_quant": False}, f"{M}.double_quantization", False),
        ({"quantization__bnb_4bit_use_double_quant": False}, f"{M}.precision", "nf4"),
        ({"quantization__bnb_4bit_compute_dtype": "float32"}, f"{M}.compute_dtype", "fp32"),
        ({"quantization__bnb_4bit_compute_dtype": "float16"}, f"{M}.compute_dtype", "bf16"),
        ({"quantization": None}, f"{M}.precision", None),
        ({"adapter": "lora"}, f"{M}.adapter.kind", "lora"),
        ({"adapter": {"type": "lora", "use_dora": True}}, f"{M}.adapter.kind", "dora"),
        ({"adapter": {"type": "lora"}}, f"{M}.adapter.targets", "family"),
        ({"adapter": {"type": "lora"}}, f"{M}.adapter.dropout", 0.05),
        ({"adapter": {"type": "lora", "dropout": 0}}, f"{M}.adapter.dropout", 0),
        ({"adapter": {"type": "ia3"}}, f"{M}.adapter.kind", "ia3"),
        ({"adapter": {"type": "ia3"}}, f"{M}.adapter.dropout", None),
        ({"adapter": None}, f"{M}.adapter.kind", None),
        ({"generation": {"temperature": 0.7}}, f"{G}.do_sample", True),
        ({"generation": {"temperature": 0.7}}, f"{G}.temperature", 0.7),
        ({"generation": {"temperature": 0}}, f"{G}.do_sample", False),
        ({"generation": {"temperature": 0, "do_sample": True}}, f"{G}.do_sample", False),
        ({"generation": {"temperature": 0.7, "do_sample": False}}, f"{G}.temperature", None),
        ({"generation": {"do_sample": True, "num_beams": 4}}, f"{G}.do_sample", False),
        ({"generation": {"temperature": 0.7, "num_beams": 4}}, f"{G}.temperature", None),
        ({"generation": {"no_repeat_ngram_size": 0}}, f"{G}.no_repeat_ngram_size", None),
        ({}, f"{G}.do_sample", False),
    ],
)
def test_a_setting(changed: dict[str, Any], path: str, expected: object, tmp_path: Path) -> None:
    assert ludwig(tmp_path, **changed).get(path) == expected


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"model_type": "ecd"}, "line 1: model_type"),
        ({"base_model": None}, "line 2: base_model"),
        ({"quantization__bits": 3}, "quantization.bits"),
        ({"quantization__bnb_4bit_quant_type": "int4"}, "nf4, fp4"),
        ({"adapter__type": "lorra"}, "no such adapter"),
        ({"adapter__type": "adalora"}, "cannot be trained here"),
        ({"adapter": {"type": "lora", "pretrained_adapter_weights": "x"}}, "merge it"),
        ({"adapter": {"type": "lora", "r": "eight"}}, "adapter.r"),
    ],
)
def test_what_cannot_be_imported(changed: dict[str, Any], found: str, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=found):
        ludwig(tmp_path, **changed)


def test_predictions_may_be_as_long_as_the_output_feature(tmp_path: Path) -> None:
    feature = {"name": "answer", "preprocessing": {"max_sequence_length": 99}}
    assert ludwig(tmp_path, output_features=[feature])[f"{G}.max_new_tokens"] == 99
    own = {"output_features": [feature], "generation__max_new_tokens": 7}
    assert ludwig(tmp_path, **own)[f"{G}.max_new_tokens"] == 7
