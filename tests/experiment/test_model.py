"""The section `model`: what goes together, and what a person is told about what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from harness.errors import ExperimentError
from harness.experiment.load import load_experiment
from harness.experiment.model import GROUPS, IA3, Adapter, Freeze, LoRA, Model, OtherAdapter

LORA, DORA, IA3S = {"kind": "lora"}, {"kind": "dora"}, {"kind": "ia3"}
PROMPT, PEFT = {"kind": "prompt_tuning"}, {"kind": "peft", "method": "LOHA"}


@pytest.mark.parametrize(
    ("precision", "adapter", "reason"),
    [
        *((p, None, "cannot be trained themselves") for p in ("int8", "nf4", "fp4")),
        *((p, None, "too coarse") for p in ("bf16", "fp16")),
        *(
            (p, a, f"on weights held in {p} only LoRA")
            for p in ("int8", "nf4", "fp4")
            for a in (IA3S, PROMPT, PEFT)
        ),
        ("int8", DORA, "int8 layers do not give"),
    ],
)
def test_a_precision_that_cannot_be_trained_is_refused_with_a_way_out(
    precision: str, adapter: dict[str, object] | None, reason: str
) -> None:
    with pytest.raises(ValidationError, match=reason) as caught:
        Model.model_validate({"name": "m", "precision": precision, "adapter": adapter})
    assert "set model.adapter" in str(caught.value)
    assert "model.precision" in str(caught.value)


@pytest.mark.parametrize(
    ("precision", "adapter"),
    [
        *(("full", a) for a in (None, LORA, DORA, IA3S, PROMPT, PEFT)),
        *((p, a) for p in ("bf16", "fp16") for a in (LORA, DORA, IA3S, PROMPT, PEFT)),
        *((p, a) for p in ("nf4", "fp4") for a in (LORA, DORA)),
        ("int8", LORA),
    ],
)
def test_every_other_precision_goes_with_every_other_adapter(
    precision: str, adapter: dict[str, object] | None
) -> None:
    model = Model.model_validate({"name": "m", "precision": precision, "adapter": adapter})
    assert (model.adapter is None) == (adapter is None)
    assert model.precision == precision


@pytest.mark.parametrize("precision", ["full", "bf16", "fp16", "int8"])
@pytest.mark.parametrize(
    "setting",
    [
        {"compute_dtype": "bf16"},
        {"compute_dtype": "fp32"},
        {"double_quantization": True},
        {"double_quantization": False},
    ],
)
def test_settings_of_4_bits_are_refused_elsewhere(
    precision: str, setting: dict[str, object]
) -> None:
    (name,) = setting
    tree = {"name": "m", "adapter": LORA, **setting}
    with pytest.raises(ValidationError, match=f"`{name}` is about 4-bit weights, .* {precision};"):
        Model.model_validate({**tree, "precision": precision})
    for four_bits in ("nf4", "fp4"):
        held = Model.model_validate({**tree, "precision": four_bits})
        assert getattr(held, name) == setting[name]


def test_freezing_together_with_an_adapter_is_refused() -> None:
    freeze = {"except_layers": [-1]}
    with pytest.raises(ValidationError, match="leave one of them out"):
        Model.model_validate({"name": "m", "adapter": LORA, "freeze": freeze})
    assert Model.model_validate({"name": "m", "freeze": freeze}).freeze is not None


@pytest.mark.parametrize("tree", [{"groups": []}, {"groups": [], "except_layers": [0]}])
def test_freezing_nothing_is_refused(tree: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="nothing is frozen"):
        Freeze.model_validate(tree)
    Freeze.model_validate({**tree, "names": ["encoder.*"]})


@pytest.mark.parametrize(
    "tree", [{}, {"groups": "all"}, {"groups": [*reversed(GROUPS)]}, {"names": ["encoder.*"]}]
)
def test_freezing_everything_is_refused(tree: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="everything would be frozen"):
        Freeze.model_validate(tree)
    Freeze.model_validate({**tree, "except_layers": [-1]})
    Freeze.model_validate({**tree, "except_names": ["lm_head.*"]})
    Freeze.model_validate({**tree, "groups": GROUPS[1:]})


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ({"targets": ["k"]}, "together, or neither"),
        ({"feed_forward": ["wo"]}, "together, or neither"),
        ({"feed_forward": []}, "together, or neither"),
        ({"targets": ["k"], "feed_forward": ["wo"]}, "names 'wo', which is not in `targets`"),
        ({"targets": [], "feed_forward": []}, "at least 1 item"),
    ],
)
def test_ia3_needs_targets_and_feed_forward_together(tree: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        IA3.model_validate({"kind": "ia3", **tree})
    IA3.model_validate({"kind": "ia3", "targets": ["k", "wo"], "feed_forward": ["wo"]})
    IA3.model_validate({"kind": "ia3", "targets": ["k"], "feed_forward": []})


def test_an_adapter_is_lora_unless_it_says_otherwise() -> None:
    read: Any = TypeAdapter(Adapter).validate_python
    assert read({}) == read(LORA) == LoRA()
    assert read({"targets": "q"}).targets == ("q",)
    assert read({"targets": "all-linear"}).targets == "all-linear"
    assert read({"targets": "family"}).targets == "family"
    assert isinstance(read(PEFT), OtherAdapter)


@pytest.mark.parametrize(
    "tree",
    [{"r": 0}, {"alpha": 0}, {"dropout": 1}, {"dropout": -0.1}, {"layers": [-1]}, {"targets": []}],
)
def test_numbers_of_lora_that_mean_nothing_are_refused(tree: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LoRA.model_validate(tree)


def _explained(folder: Path, model: str) -> str:
    """The error of an experiment whose section `model` begins on line 7."""
    path = folder / "small.yaml"
    path.write_text(
        "name: small\n"
        "question: Does it matter?\n"
        "base:\n"
        "  data: {source: 'embedded:river', train: {split: train}, test: {split: test}}\n"
        "  prompt: {template: '{question}'}\n"
        "  model:\n"
        f"{model}"
        "factors:\n"
        "  rank: {control: {small: {}}, treatments: {large: {model.adapter.r: 32}}}\n"
    )
    with pytest.raises(ExperimentError) as caught:
        load_experiment(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("model", "line", "dotted", "parts"),
    [
        (
            "    name: m\n    adapter:\n      kind: lorra\n",
            9,
            "base.model.adapter.kind",
            ["'lora'", "'dora'", "'ia3'", "'prompt_tuning'", "'peft'", "found:   lorra",
             "did you mean 'lora'?"],
        ),
        (
            "    name: m\n    adapter:\n      kind: lora\n      rank: 8\n",
            10,
            "base.model.adapter.rank",
            ["unknown key 'rank'", "allowed: kind, r, alpha, dropout, targets, layers"],
        ),
        (
            "    name: m\n    adapter:\n      dropuot: 0.1\n",
            9,
            "base.model.adapter.dropuot",
            ["unknown key 'dropuot'", "did you mean 'dropout'?"],
        ),
        (
            "    name: m\n    adapter:\n      kind: prompt_tuning\n      virtual_token: 4\n",
            10,
            "base.model.adapter.virtual_token",
            ["allowed: kind, virtual_tokens", "did you mean 'virtual_tokens'?"],
        ),
        (
            "    name: m\n    adapter:\n      kind: peft\n      method: LOHAA\n",
            10,
            "base.model.adapter.method",
            ["'FOURIERFT'", "'VERA'", "found:   LOHAA", "did you mean 'LOHA'?"],
        ),
        (
            "    name: m\n    adapter:\n      r: 0\n",
            9,
            "base.model.adapter.r",
            ["greater than 0", "found:   0"],
        ),
        (
            "    name: m\n    precision: int4\n    adapter: {}\n",
            8,
            "base.model.precision",
            ["'full', 'bf16', 'fp16', 'int8', 'nf4' or 'fp4'", "found:   int4",
             "did you mean 'int8'?"],
        ),
        (
            "    name: m\n    freeze:\n      except_layer: [-1]\n",
            9,
            "base.model.freeze.except_layer",
            ["did you mean 'except_layers'?"],
        ),
    ],
)  # fmt: skip
def test_a_misspelling_is_explained_where_it_stands(
    tmp_path: Path, model: str, line: int, dotted: str, parts: list[str]
) -> None:
    text = _explained(tmp_path, model)
    where = next(one for one in text.splitlines() if one.startswith("  where:"))
    assert f"small.yaml, line {line}: {dotted}" in where
    # pydantic's names of the members of a union are no part of the file
    assert where.endswith(dotted)
    for part in parts:
        assert part in text


def test_a_rule_is_explained_at_the_section_it_is_about(tmp_path: Path) -> None:
    text = _explained(tmp_path, "    name: m\n    precision: nf4\n")
    assert "small.yaml, line 6: base.model" in text
    assert "set model.adapter: {kind: lora}, or model.precision: full" in text


@pytest.mark.parametrize(
    ("model", "where"),
    [
        (
            "    name: m\n    adapter:\n      kind: ia3\n      targets: [k]\n",
            "line 8: base.model.adapter\n",
        ),
        (
            "    name: m\n    freeze:\n      groups: [atention]\n",
            "line 9: base.model.freeze.groups.0\n",
        ),
        (
            "    name: m\n    freeze:\n      groups: attention\n",
            "line 9: base.model.freeze.groups\n",
        ),
    ],
)
def test_no_location_ends_with_the_name_of_a_unions_member(
    tmp_path: Path, model: str, where: str
) -> None:
    assert where in _explained(tmp_path, model)


@pytest.mark.parametrize(("given", "fix"), [("none", True), ("lora", False)])
def test_a_word_in_place_of_an_adapter_is_explained(tmp_path: Path, given: str, fix: bool) -> None:
    text = _explained(tmp_path, f"    name: m\n    adapter: {given}\n")
    assert "this has to be a mapping of keys to values" in text
    assert ("write null for none" in text) == fix
