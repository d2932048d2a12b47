"""Groups and layers of weights, written down from each architecture."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
import torch
import transformers

from harness.experiment.model import LoRA
from harness.models.adapters import with_adapter
from harness.models.groups import Place, places, stacks
from tests.conftest import FAMILIES, _shapes

E, N, A, F, OTHER = "embeddings", "layer_norms", "attention", "feed_forward", "other"
LLAMA = {
    r"model.embed_tokens.weight": E,
    r"model.layers.\d.self_attn.[qkvo]_proj.weight": A,
    r"model.layers.\d.mlp.(gate|up|down)_proj.weight": F,
    r"model.layers.\d.(input|post_attention)_layernorm.weight": N,
    r"model.norm.weight": N,
    r"lm_head.weight": OTHER,
}
GPT = {
    r"transformer.w[tp]e.weight": E,
    r"transformer.h.\d.ln_[12].(weight|bias)": N,
    r"transformer.h.\d.mlp.c_(fc|proj).(weight|bias)": F,
    r"transformer.ln_f.(weight|bias)": N,
}
EXPECTED: dict[str, dict[str, str]] = {
    "t5": {
        r"shared.weight": E,
        r"(en|de)coder.block.\d.layer.0.SelfAttention.[qkvo].weight": A,
        r"(en|de)coder.block.0.layer.0.SelfAttention.relative_attention_bias.weight": A,
        r"decoder.block.\d.layer.1.EncDecAttention.[qkvo].weight": A,
        r"encoder.block.\d.layer.1.DenseReluDense.w[io].weight": F,
        r"decoder.block.\d.layer.2.DenseReluDense.w[io].weight": F,
        r"(en|de)coder.block.\d.layer.\d.layer_norm.weight": N,
        r"(en|de)coder.final_layer_norm.weight": N,
    },
    "llama": LLAMA,
    "mistral": LLAMA,
    "qwen2": LLAMA | {r"model.layers.\d.self_attn.[qkv]_proj.bias": A},
    "bloom": {
        r"transformer.word_embeddings.weight": E,
        r"transformer.word_embeddings_layernorm.(weight|bias)": N,
        r"transformer.h.\d.(input|post_attention)_layernorm.(weight|bias)": N,
        r"transformer.h.\d.self_attention.(query_key_value|dense).(weight|bias)": A,
        r"transformer.h.\d.mlp.dense_(h_to_4h|4h_to_h).(weight|bias)": F,
        r"transformer.ln_f.(weight|bias)": N,
    },
    "gpt_neo": GPT
    | {
        r"transformer.h.\d.attn.attention.[qkv]_proj.weight": A,
        r"transformer.h.\d.attn.attention.out_proj.(weight|bias)": A,
    },
    "gpt2": GPT | {r"transformer.h.\d.attn.c_(attn|proj).(weight|bias)": A},
}
STACKS = {
    "t5": {"encoder.block": 2, "decoder.block": 2},
    "bloom": {"transformer.h": 2},
    "gpt_neo": {"transformer.h": 2},
    "gpt2": {"transformer.h": 2},
}


def bare(shape) -> torch.nn.Module:
    """The network without memory for its weights."""
    auto = transformers.AutoModelForCausalLM
    if shape.is_encoder_decoder:
        auto = transformers.AutoModelForSeq2SeqLM
    with torch.device("meta"):
        return auto.from_config(shape)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_weight_is_in_the_group_that_its_architecture_says(family: str) -> None:
    found = places(bare(_shapes()[family]))
    used = set()
    for name, place in found.items():
        rules = [rule for rule in EXPECTED[family] if re.fullmatch(rule, name)]
        assert len(rules) == 1, name
        assert place.group == EXPECTED[family][rules[0]], name
        used.update(rules)
    assert used == set(EXPECTED[family]), "a rule that no weight matched"


@pytest.mark.parametrize("family", FAMILIES)
def test_every_weight_is_in_the_layer_that_its_name_says(family: str) -> None:
    expected = STACKS.get(family, {"model.layers": 2})
    model = bare(_shapes()[family])
    assert stacks(model) == expected
    for name, place in places(model).items():
        numbered = re.match(r"(.*?)\.(\d)\.", name)
        assert (place.stack, place.layer) == (
            (numbered[1], int(numbered[2])) if numbered else (None, None)
        )


def test_a_t5s_stacks_may_differ_in_depth() -> None:
    shape = _shapes()["t5"]
    shape.num_layers = 3
    assert stacks(bare(shape)) == {"encoder.block": 3, "decoder.block": 2}


def test_a_tied_output_layer_is_listed_once_with_the_embeddings() -> None:
    shape = _shapes()["llama"]
    shape.tie_word_embeddings = True
    found = places(bare(shape))
    assert "lm_head.weight" not in found
    assert found["model.embed_tokens.weight"] == Place(E, None, None)


SMALL = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 2, "vocab_size": 300, "pad_token_id": 0, "bos_token_id": 1,
    "eos_token_id": 2,
}  # fmt: skip
BOTH = {
    "d_model": 64, "encoder_layers": 3, "decoder_layers": 2, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 128, "decoder_ffn_dim": 128,
    "vocab_size": 300, "decoder_start_token_id": 0,
}  # fmt: skip
OTHERS: Mapping[str, dict[str, object]] = {
    "GemmaConfig": SMALL | {"head_dim": 32},
    "Gemma3TextConfig": SMALL | {"head_dim": 32},
    "PhiConfig": SMALL,
    "Phi3Config": SMALL,
    "OPTConfig": SMALL | {"ffn_dim": 128, "word_embed_proj_dim": 32},
    "FalconConfig": SMALL,
    "MixtralConfig": SMALL | {"num_local_experts": 2},
    "Qwen2MoeConfig": SMALL | {"num_experts": 2, "moe_intermediate_size": 64},
    "OlmoeConfig": SMALL | {"num_experts": 2},
    "GPTJConfig": {"n_embd": 64, "n_layer": 2, "n_head": 2, "rotary_dim": 16, "vocab_size": 300},
    "CTRLConfig": {"n_embd": 64, "n_layer": 2, "n_head": 2, "dff": 128, "vocab_size": 300},
    "BartConfig": BOTH,
    "M2M100Config": BOTH,
    "ProphetNetConfig": {"hidden_size": 64, "num_encoder_layers": 2, "num_decoder_layers": 2},
}


@pytest.mark.parametrize("family", OTHERS)
def test_a_family_nobody_thought_of_has_every_weight_of_its_layers_in_a_group(family: str) -> None:
    found = places(bare(getattr(transformers, family)(**OTHERS[family])))
    for name, place in found.items():
        if place.stack is not None:
            own = name.removeprefix(f"{place.stack}.{place.layer}.")
            first = own.partition(".")[0]
            if "norm" in own or re.fullmatch(r"ln_?\d?", first):
                assert place.group == N, name
            elif "attn" in first or "attention" in first:
                assert place.group == A, name
            else:
                assert re.match(r"mlp|fc\d|ffn|feed_forward", own), name
                assert place.group == F, name
        elif re.search(r"norm|ln_f", name):
            assert place.group == N, name
        elif re.search(r"lm_head|project_", name):
            assert place.group == OTHER, name
        else:
            assert re.search(r"embed|shared|wte|\bw\b", name), name
            assert place.group == E, name
    assert {E, N, A, F} <= {place.group for place in found.values()}


@pytest.mark.parametrize(
    ("family", "options"),
    [
        ("MambaConfig", {"num_hidden_layers": 2, "hidden_size": 64, "vocab_size": 300}),
        (
            "Lfm2MoeConfig",
            SMALL | {"layer_types": ["conv", "full_attention"], "num_experts": 2},
        ),
    ],
)
def test_what_mixes_tokens_without_attention_is_in_no_other_group(
    family: str, options: dict[str, object]
) -> None:
    found = places(bare(getattr(transformers, family)(**options)))
    mixing = {name for name in found if re.search(r"\.mixer\.|\.conv\.", name)}
    assert mixing
    assert mixing == {n for n, one in found.items() if one.group == OTHER and one.stack}


def test_an_xlms_layers_are_in_one_list_of_attentions_and_one_of_feed_forwards() -> None:
    model = bare(transformers.XLMConfig(emb_dim=64, n_layers=2, n_heads=2, vocab_size=300))
    assert stacks(model) == {"transformer.attentions": 2, "transformer.ffns": 2}
    found = places(model)
    assert found["transformer.attentions.1.q_lin.weight"] == Place(A, "transformer.attentions", 1)
    assert found["transformer.ffns.1.lin2.bias"] == Place(F, "transformer.ffns", 1)
    assert found["transformer.layer_norm1.0.weight"] == Place(N, None, None)


def test_layers_may_share_their_attention() -> None:
    model = bare(transformers.BartConfig(**BOTH))
    layers = model.model.decoder.layers
    layers[1].self_attn = layers[0].self_attn
    layers[1].encoder_attn = layers[0].encoder_attn
    found = places(model)
    assert found["model.decoder.layers.1.fc1.weight"] == Place(F, "model.decoder.layers", 1)
    assert "model.decoder.layers.1.self_attn.q_proj.weight" not in found


def test_lists_of_single_matrices_are_no_layers() -> None:
    shape = transformers.Gemma3nTextConfig(
        **{**SMALL, "intermediate_size": [128] * 2, "head_dim": 32},
        vocab_size_per_layer_input=300,
        activation_sparsity_pattern=[0.0] * 2,
        layer_types=["full_attention"] * 2,
        num_kv_shared_layers=0,
    )
    assert stacks(bare(shape)) == {"model.layers": 2}


@pytest.mark.parametrize(
    ("family", "target", "group"),
    [
        ("t5", "q", A),
        ("t5", "wo", F),
        ("llama", "embed_tokens", E),
        ("llama", "lm_head", OTHER),
        ("gpt2", "c_fc", F),
    ],
)
def test_an_adapters_weights_are_in_the_group_of_what_they_adapt(
    family: str, target: str, group: str
) -> None:
    model = bare(_shapes()[family])
    with torch.device("meta"):
        wrapped = with_adapter(model, LoRA(targets=(target,)), encoder_decoder=family == "t5")
    found = {
        place.group
        for (name, place), parameter in zip(
            places(wrapped).items(), wrapped.parameters(), strict=True
        )
        if "lora_" in name and parameter.requires_grad
    }
    assert found == {group}


def test_an_adapter_beside_an_attention_is_feed_forward() -> None:
    model = bare(transformers.BartConfig(**BOTH))
    with torch.device("meta"):
        wrapped = with_adapter(model, LoRA(targets=("fc1",)), encoder_decoder=True)
    assert {place.group for n, place in places(wrapped).items() if "lora_" in n} == {F}
