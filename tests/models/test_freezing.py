"""Freezing: which weights are trained, and what a person is told about names that match nothing."""

from __future__ import annotations

import pytest
import torch
import transformers

from harness.errors import ModelError
from harness.experiment.model import Freeze
from harness.models.freezing import freeze
from tests.conftest import _shapes


def t5(**sizes: int) -> torch.nn.Module:
    shape = _shapes()["t5"]
    for name, value in sizes.items():
        setattr(shape, name, value)
    with torch.device("meta"):
        return transformers.T5ForConditionalGeneration(shape)


def llama() -> torch.nn.Module:
    with torch.device("meta"):
        return transformers.LlamaForCausalLM(_shapes()["llama"])


def trained(model: torch.nn.Module, config: Freeze | None) -> set[str]:
    freeze(model, config)
    return {name for name, one in model.named_parameters() if one.requires_grad}


def named(model: torch.nn.Module, *parts: str) -> set[str]:
    return {name for name, _ in model.named_parameters() if any(part in name for part in parts)}


def test_no_freeze_trains_everything_even_what_was_frozen_before() -> None:
    model = llama()
    model.requires_grad_(False)
    assert trained(model, None) == named(model, "")


def test_groups_are_frozen_and_nothing_else() -> None:
    model = llama()
    assert trained(model, Freeze(groups=("attention", "layer_norms"))) == named(
        model, "mlp", "embed_tokens", "lm_head"
    )
    # the same model again: what was frozen is trained again
    assert trained(model, Freeze(groups=("embeddings",))) == named(
        model, "mlp", "self_attn", "norm", "lm_head"
    )


def test_names_are_frozen_besides_groups() -> None:
    model = t5()
    assert trained(model, Freeze(groups=(), names=("encoder.*",))) == named(
        model, "decoder.", "shared"
    )
    both = Freeze(groups=("embeddings",), names=("encoder.*", "*.EncDecAttention.?.weight"))
    assert trained(model, both) == named(model, "decoder.") - named(model, "EncDecAttention")


def test_names_tell_upper_from_lower_case() -> None:
    with pytest.raises(ModelError, match="matches no weight"):
        freeze(t5(), Freeze(groups=(), names=("*.selfattention.*",)))


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ((-1,), ("encoder.block.2.", "decoder.block.1.")),
        ((-2,), ("encoder.block.1.", "decoder.block.0.")),
        ((0,), ("encoder.block.0.", "decoder.block.0.")),
        (
            (1, -1),
            ("encoder.block.1.", "encoder.block.2.", "decoder.block.1."),
        ),
    ],
)
def test_layers_count_from_either_end_of_both_stacks(
    layers: tuple[int, ...], expected: tuple[str, ...]
) -> None:
    model = t5(num_layers=3, num_decoder_layers=2)
    assert trained(model, Freeze(except_layers=layers)) == named(model, *expected)


def test_the_second_of_twelve_layers_is_not_the_twelfth() -> None:
    model = t5(num_layers=12, num_decoder_layers=12)
    assert trained(model, Freeze(except_layers=(1,))) == named(
        model, "encoder.block.1.", "decoder.block.1."
    )


def test_exceptions_win_over_groups_and_names() -> None:
    model = llama()
    config = Freeze(
        names=("model.layers.*",), except_layers=(0,), except_names=("lm_head.*", "model.norm.*")
    )
    assert trained(model, config) == named(model, "layers.0.", "lm_head", "model.norm")


@pytest.mark.parametrize(
    ("config", "parts"),
    [
        (
            {"groups": ["attention"], "names": ["no.such.*"]},
            ["base.model.freeze.names", "no.such.*", "model.embed_tokens.weight", "and 9 more"],
        ),
        (
            {"except_names": ["head.*"]},
            ["base.model.freeze.except_names", "head.*", "* stands for any text"],
        ),
        ({"except_layers": [2]}, ["freeze.except_layers", "found:   2", "-2 to 1", "2 in model.l"]),
        ({"except_layers": [-3]}, ["freeze.except_layers", "found:   -3", "-2 to 1"]),
    ],
)
def test_what_matches_nothing_is_explained(config: dict[str, object], parts: list[str]) -> None:
    with pytest.raises(ModelError, match=r"no weight|no such layer") as caught:
        freeze(llama(), Freeze.model_validate(config))
    for part in parts:
        assert part in str(caught.value)


def test_a_group_that_the_model_does_not_have_is_explained() -> None:
    with pytest.raises(ModelError, match="matches no weight") as caught:
        freeze(t5(), Freeze(groups=("attention", "other")))
    assert "freeze.groups" in str(caught.value)
    assert "found:   other" in str(caught.value)
    assert "attention, embeddings, feed_forward, layer_norms" in str(caught.value)


def test_a_layer_that_only_the_deeper_stack_has_is_explained() -> None:
    with pytest.raises(ModelError, match="no such layer") as caught:
        freeze(t5(num_layers=3, num_decoder_layers=2), Freeze(except_layers=(2,)))
    assert "3 in encoder.block, 2 in decoder.block" in str(caught.value)


@pytest.mark.parametrize(
    "config",
    [
        Freeze(groups=(), names=("*",)),
        Freeze(groups=("attention", "embeddings"), names=("*norm*", "*DenseReluDense*")),
        Freeze(groups=("attention", "embeddings", "feed_forward", "layer_norms")),
    ],
)
def test_freezing_everything_by_a_combination_is_an_error(config: Freeze) -> None:
    with pytest.raises(ModelError, match="every weight is frozen"):
        freeze(t5(), config)


def test_a_tied_output_layer_goes_by_the_name_of_the_embeddings() -> None:
    with pytest.raises(ModelError, match="matches no weight") as caught:
        freeze(t5(), Freeze(except_names=("lm_head.*",)))
    assert "lm_head.weight is shared.weight" in str(caught.value)
