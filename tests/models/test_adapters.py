"""Adapters: what each kind becomes in peft, and what a person is told about one that cannot be."""

from __future__ import annotations

import pytest
import torch
import transformers
from pydantic import TypeAdapter

from harness.errors import ModelError
from harness.experiment.model import Adapter
from harness.models import adapters
from harness.models.adapters import peft_config, with_adapter
from tests.conftest import _shapes

LLAMA_LINEAR = "down_proj, gate_proj, k_proj, o_proj, q_proj, up_proj, v_proj"


def adapter(**settings: object) -> Adapter:
    return TypeAdapter(Adapter).validate_python(settings)


def bare(family: str, **sizes: object) -> torch.nn.Module:
    shape = _shapes()[family]
    for name, value in sizes.items():
        setattr(shape, name, value)
    auto = transformers.AutoModelForCausalLM
    if family == "t5":
        auto = transformers.AutoModelForSeq2SeqLM
    with torch.device("meta"):
        return auto.from_config(shape)


def wrapped(model: torch.nn.Module, **settings: object):
    with torch.device("meta"):
        return with_adapter(
            model, adapter(**settings), encoder_decoder=model.config.is_encoder_decoder
        )


def adapted(model) -> set[str]:
    """Full names of the modules that hold weights of the adapter."""
    prefix, found = "base_model.model.", set()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            found.add(name.removeprefix(prefix).split(".lora_")[0].split(".ia3_")[0])
    return found


def every(*parts: str, stacks: tuple[str, ...], layers: tuple[int, ...] = (0, 1)) -> set[str]:
    return {f"{stack}.{layer}.{part}" for stack in stacks for layer in layers for part in parts}


def test_lora_becomes_peft_s_with_every_setting() -> None:
    config = peft_config(
        bare("llama"), adapter(r=3, alpha=5, dropout=0.25, targets="q_proj"), encoder_decoder=False
    )
    assert config.task_type == "CAUSAL_LM"
    assert (config.r, config.lora_alpha, config.lora_dropout) == (3, 5, 0.25)
    assert set(config.target_modules) == {"q_proj"}
    assert (config.use_dora, config.use_rslora, config.bias) == (False, False, "none")
    assert peft_config(bare("t5"), adapter(), encoder_decoder=True).task_type == "SEQ_2_SEQ_LM"


def test_dora_trains_magnitudes_and_rank_stabilized_scales_by_the_root_of_the_rank() -> None:
    model = wrapped(bare("llama"), kind="dora", r=4, targets="q_proj")
    assert any("magnitude" in n for n, p in model.named_parameters() if p.requires_grad)
    for stabilized, scale in ((False, 16 / 4), (True, 16 / 4**0.5)):
        model = wrapped(bare("llama"), r=4, alpha=16, targets="q_proj", rank_stabilized=stabilized)
        layer = model.base_model.model.model.layers[0].self_attn.q_proj
        assert layer.scaling == {"default": scale}
        assert not any("magnitude" in name for name, _ in model.named_parameters())


def test_all_linear_is_every_linear_layer_but_the_output() -> None:
    attention, mlp = "self_attn.{}_proj", "mlp.{}_proj"
    expected = every(
        *(attention.format(one) for one in "qkvo"),
        *(mlp.format(one) for one in ("gate", "up", "down")),
        stacks=("model.layers",),
    )
    assert adapted(wrapped(bare("llama"))) == expected
    assert adapted(wrapped(bare("llama"), layers=[1])) == {n for n in expected if ".1." in n}
    gpt2 = ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj")
    assert adapted(wrapped(bare("gpt2"), layers=[0])) == every(
        *gpt2, stacks=("transformer.h",), layers=(0,)
    )


@pytest.mark.parametrize("layers", [None, [1]])
def test_the_familys_targets_of_a_t5_are_queries_and_values(layers: list[int] | None) -> None:
    encoder = every(
        "layer.0.SelfAttention.q",
        "layer.0.SelfAttention.v",
        stacks=("encoder.block", "decoder.block"),
        layers=tuple(layers or (0, 1)),
    )
    cross = every(
        "layer.1.EncDecAttention.q",
        "layer.1.EncDecAttention.v",
        stacks=("decoder.block",),
        layers=tuple(layers or (0, 1)),
    )
    assert adapted(wrapped(bare("t5"), targets="family", layers=layers)) == encoder | cross


def test_targets_are_ends_of_names_or_one_whole_name() -> None:
    stack = ("model.layers",)
    assert adapted(wrapped(bare("llama"), targets="q_proj")) == every(
        "self_attn.q_proj", stacks=stack
    )
    assert adapted(wrapped(bare("llama"), targets=["mlp.up_proj", "q_proj"], layers=[0])) == every(
        "mlp.up_proj", "self_attn.q_proj", stacks=stack, layers=(0,)
    )
    one = "model.layers.1.self_attn.v_proj"
    assert adapted(wrapped(bare("llama"), targets=one)) == {one}


def test_a_layer_that_only_one_stack_has_is_adapted_there() -> None:
    model = bare("t5", num_layers=3)
    assert adapted(wrapped(model, targets="wo", layers=[2])) == {
        "encoder.block.2.layer.1.DenseReluDense.wo"
    }


def test_ia3_rescales_outputs_and_the_feed_forwards_input() -> None:
    model = wrapped(
        bare("llama"), kind="ia3", targets=["k_proj", "up_proj"], feed_forward=["up_proj"]
    )
    assert adapted(model) == every("self_attn.k_proj", "mlp.up_proj", stacks=("model.layers",))
    sizes = {n: p.numel() for n, p in model.named_parameters() if p.requires_grad}
    # k_proj is 64 to 64; up_proj is 64 to 128, and its 64 inputs are rescaled
    assert set(sizes.values()) == {64}
    model = wrapped(bare("llama"), kind="ia3", targets=["up_proj"], feed_forward=[])
    assert {p.numel() for p in model.parameters() if p.requires_grad} == {128}
    usual = adapted(wrapped(bare("llama"), kind="ia3"))
    assert usual == every(
        "self_attn.k_proj", "self_attn.v_proj", "mlp.down_proj", stacks=("model.layers",)
    )


def test_prompt_tuning_learns_as_many_embeddings_as_it_is_told() -> None:
    model = wrapped(bare("llama"), kind="prompt_tuning", virtual_tokens=7)
    assert [tuple(p.shape) for p in model.parameters() if p.requires_grad] == [(7, 64)]


def test_options_of_another_method_reach_peft() -> None:
    model = wrapped(
        bare("llama"),
        kind="peft",
        method="LOHA",
        options={"r": 3, "target_modules": ["up_proj"], "layers_to_transform": [1]},
    )
    assert {
        n.split(".hada")[0]: min(p.shape) for n, p in model.named_parameters() if p.requires_grad
    } == {"base_model.model.model.layers.1.mlp.up_proj": 3}
    pattern = {"r": 2, "target_modules": r".*\.1\.self_attn\.[qk]_proj"}
    model = wrapped(bare("llama"), kind="peft", method="LOHA", options=pattern)
    assert {n.split(".hada")[0][-16:] for n, p in model.named_parameters() if p.requires_grad} == {
        "self_attn.q_proj",
        "self_attn.k_proj",
    }


@pytest.mark.parametrize(
    ("settings", "what", "where", "parts"),
    [
        ({"targets": ["q_proj", "query"]}, "not in the model", "targets", ["query", LLAMA_LINEAR]),
        ({"targets": ["proj"]}, "not in the model", "targets", ["found:   proj"]),
        (
            {"kind": "ia3", "targets": ["k_proj", "key"], "feed_forward": []},
            "not in the model",
            "targets",
            ["found:   key", LLAMA_LINEAR],
        ),
        ({"targets": ["q_proj", "norm"]}, "does not fit", "", ["LlamaRMSNorm", LLAMA_LINEAR]),
        (
            {"kind": "ia3", "targets": ["norm"], "feed_forward": []},
            "does not fit",
            "",
            ["LlamaRMSNorm"],
        ),
        (
            {"targets": ["q_proj", "input_layernorm"], "layers": [0]},
            "not a linear layer in these layers",
            "targets",
            ["found:   input_layernorm", LLAMA_LINEAR],
        ),
        (
            {"targets": ["q_proj", "lm_head"], "layers": [0]},
            "not a linear layer in these layers",
            "targets",
            ["found:   lm_head"],
        ),
        (
            {"targets": ["model.layers.0.mlp.up_proj"], "layers": [0, 1]},
            "none of the adapter's targets",
            "layers",
            ["found:   1"],
        ),
        ({"layers": [0, 2]}, "no such layer", "layers", ["found:   2", "0 to 1"]),
        ({"layers": []}, "no such layer", "layers", ["found:   none at all", "0 to 1"]),
    ],
)
def test_targets_and_layers_that_are_not_there_are_explained(
    settings: dict[str, object], what: str, where: str, parts: list[str]
) -> None:
    with pytest.raises(ModelError, match=what) as caught:
        wrapped(bare("llama"), **settings)
    text = str(caught.value)
    assert f"where:   base.model.adapter{'.' if where else ''}{where}\n" in text
    for part in parts:
        assert part in text


@pytest.mark.parametrize("layers", [None, [0]])
def test_a_family_without_usual_targets_is_explained(layers: list[int] | None) -> None:
    shape = transformers.CTRLConfig(n_embd=64, n_layer=2, n_head=2, dff=128, vocab_size=300)
    with torch.device("meta"):
        model = transformers.CTRLLMHeadModel(shape)
    with pytest.raises(ModelError) as caught:
        wrapped(model, targets="family", layers=layers)
    assert "Wk, Wq, Wv, dense" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "what", "parts"),
    [
        ({"rank": 3}, "no such option", ["found:   rank", "alpha_pattern", " r, rank_dropout"]),
        ({"target_modules": ["q_proj", "q"]}, "not in the model", ["target_modules", "found:   q"]),
        ({"target_modules": "q_proj_"}, "does not fit", ["q_proj_"]),
        ({"layers_to_transform": [0, 2]}, "no such layer", ["layers_to_transform", "0 to 1"]),
        ({"r": 0}, "does not fit", ["positive integer"]),
        ({"r": -1}, "does not fit", ["positive integer"]),
        ({"alpha": "x"}, "does not fit", ["adapter.options"]),
        ({"target_modules": 5}, "does not fit|cannot be configured", ["adapter.options"]),
    ],
)
def test_options_that_peft_does_not_take_are_explained(
    options: dict[str, object], what: str, parts: list[str]
) -> None:
    with pytest.raises(ModelError, match=what) as caught:
        wrapped(bare("llama"), kind="peft", method="LOHA", options=options)
    for part in ["base.model.adapter.options", *parts]:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("method", "options", "what"),
    [
        ("OFT", {"r": 3, "oft_block_size": 5}, "cannot be configured"),
        ("VERA", {"r": 0}, "does not fit"),
        ("VERA", {"r": -1}, "does not fit"),
    ],
)
def test_numbers_that_a_method_cannot_take_are_explained(
    method: str, options: dict[str, object], what: str
) -> None:
    with pytest.raises(ModelError, match=what):
        wrapped(bare("llama"), kind="peft", method=method, options=options)


@pytest.mark.parametrize(
    "options",
    [{"bias": "all"}, {"modules_to_save": ["norm"]}, {"inference_mode": True}],
    ids=lambda options: next(iter(options)),
)
def test_options_that_would_train_the_shared_base_or_nothing_are_refused(
    options: dict[str, object],
) -> None:
    with pytest.raises(ModelError, match="no such option that can be set here"):
        wrapped(bare("qwen2"), kind="peft", method="HRA", options=options)


def test_an_adapter_on_embeddings_that_a_t5_does_not_read_is_refused() -> None:
    with pytest.raises(ModelError, match="would not be adapted") as caught:
        wrapped(bare("t5"), targets="shared")
    assert "shared, encoder.embed_tokens, decoder.embed_tokens" in str(caught.value)
    assert "name 'embed_tokens' instead" in str(caught.value)
    names = {"encoder.embed_tokens", "decoder.embed_tokens"}
    assert adapted(wrapped(bare("t5"), targets="embed_tokens")) == names
    assert adapted(wrapped(bare("bloom"), targets="word_embeddings")) == {
        "transformer.word_embeddings"
    }


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"bias": "all"}, "would train weights of the base itself"),
        ({"inference_mode": True}, "would train nothing"),
    ],
)
def test_what_is_trained_is_looked_at_whatever_the_option_is_called(
    options: dict[str, object], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapters, "_NOT_TO_BE_SET", set())
    with pytest.raises(ModelError, match=what):
        wrapped(bare("qwen2"), kind="peft", method="HRA", options=options)
