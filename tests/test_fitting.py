"""What does not fit a model is refused before its weights are loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.data import Dataset, Item
from harness.errors import ExperimentError, InputError, ModelError
from harness.experiment.base import Base
from harness.fitting import check_fit, notes
from harness.models.sources import find_model

ITEM = Item("q", {"question": "where is Mola"}, ("here",), (), ())
DATA = Dataset((ITEM,), (), (ITEM,), (), ())


def _check(name: object, **sections: Any) -> object:
    config = Base.model_validate(
        {
            "data": {"train": {"file": "a.json"}, "test": {"file": "b.json"}},
            "prompt": {
                "template": "{question}",
                "target": " {answer}",
                "max_tokens": 200,
                "max_target_tokens": 16,
                **sections.get("prompt", {}),
            },
            "model": {"name": str(name), **sections.get("model", {})},
            "training": sections.get("training", {}),
            "generation": {"max_new_tokens": 16, **sections.get("generation", {})},
        }
    )
    return check_fit(config, find_model(config.model), DATA)


@pytest.mark.parametrize(
    ("family", "sections", "needed"),
    [
        ("gpt2", {"prompt": {"max_tokens": 241}}, 257),
        ("gpt_neo", {"prompt": {"max_tokens": 241}}, 257),
        ("gpt2", {"generation": {"max_new_tokens": 57}}, 257),
        ("gpt2", {"prompt": {"max_target_tokens": 57}}, 257),
        (
            "gpt2",
            {"model": {"adapter": {"kind": "prompt_tuning", "virtual_tokens": 41}}},
            257,
        ),
    ],
    ids=str,
)
def test_inputs_longer_than_the_models_positions_are_refused(
    model_folders: dict[str, Path], family: str, sections: dict[str, Any], needed: int
) -> None:
    """The small models have 256 positions; one token less is taken."""
    with pytest.raises(ExperimentError, match="does not fit into the model") as caught:
        _check(model_folders[family], **sections)
    assert f"{needed} tokens, the answer included" in str(caught.value)
    assert "at most 256" in str(caught.value)
    _check(model_folders[family], **_one_less(sections))


def _one_less(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _one_less(one) for key, one in value.items()}
    return value - 1 if isinstance(value, int) else value


def test_models_without_a_table_of_positions_take_any_length(
    model_folders: dict[str, Path],
) -> None:
    for family in ("t5", "bloom"):
        _check(model_folders[family], prompt={"max_tokens": 10_000})


def test_the_decoder_of_an_encoder_decoder_has_positions_too(tmp_path: Path) -> None:
    from transformers import BartConfig, BartForConditionalGeneration

    from tests.conftest import _tokenizer

    shape = BartConfig(
        vocab_size=300, d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16,
        max_position_embeddings=256, pad_token_id=0, eos_token_id=1, bos_token_id=2,
        decoder_start_token_id=1, forced_eos_token_id=None,
    )  # fmt: skip
    BartForConditionalGeneration(shape).save_pretrained(tmp_path)
    _tokenizer("t5").save_pretrained(tmp_path)
    full = {"prompt": {"max_tokens": 256}, "generation": {"max_new_tokens": 256}}
    _check(tmp_path, **full)
    for section in full:
        (name,) = full[section]
        with pytest.raises(ExperimentError, match="257 tokens"):
            _check(tmp_path, **{**full, section: {name: 257}})


@pytest.mark.parametrize(
    ("family", "sections", "parts"),
    [
        ("t5", {"training": {"packing": True}}, ["base.training.packing", "t5", "llama"]),
        ("bloom", {"training": {"packing": True}}, ["base.training.packing", "bloom"]),
        ("gpt_neo", {"training": {"packing": True}}, ["base.training.packing", "gpt_neo"]),
        (
            "llama",
            {"training": {"packing": True}, "model": {"adapter": {"kind": "prompt_tuning"}}},
            ["base.training.packing", "prompt tuning"],
        ),
        ("llama", {"model": {"adapter": {"targets": ["nowhere"]}}}, ["nowhere", "q_proj"]),
        ("llama", {"model": {"adapter": {"layers": [7]}}}, ["7"]),
        (
            "llama",
            {"model": {"freeze": {"groups": [], "names": ["nowhere.*"]}}},
            ["nowhere.*", "freeze"],
        ),
        (
            "t5",
            {"model": {"precision": "fp16", "adapter": {"kind": "lora"}}},
            ["base.model.precision", "fp16", "65,504", "allowed: full"],
        ),
    ],
    ids=str,
)
def test_what_does_not_fit_is_explained(
    model_folders: dict[str, Path], family: str, sections: dict[str, Any], parts: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        _check(model_folders[family], **sections)
    assert isinstance(caught.value, ModelError | ExperimentError)
    for part in parts:
        assert part in str(caught.value)


def test_what_fits_is_counted(model_folders: dict[str, Path]) -> None:
    counted = _check(model_folders["llama"], training={"packing": True})
    assert counted.trained == counted.total > 0
    few = _check(model_folders["llama"], model={"adapter": {"r": 2, "targets": ["q_proj"]}})
    assert few.trained == 2 * 2 * (64 + 64)


def test_a_stop_string_that_no_text_contains_is_refused(model_folders: dict[str, Path]) -> None:
    with pytest.raises(ExperimentError, match="has a special token in it") as caught:
        _check(model_folders["llama"], generation={"stop_strings": ["ok", "end</s>"]})
    assert "'end</s>', with '</s>'" in str(caught.value)


def test_a_batch_that_cannot_be_shared_out_is_refused(
    model_folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "3")
    _check(model_folders["llama"], training={"batch_size": 9})
    with pytest.raises(ExperimentError, match="cannot be split evenly"):
        _check(model_folders["llama"], training={"batch_size": 16})


@pytest.mark.parametrize(
    ("training", "said"),
    [
        ({"warmup_steps": 10, "epochs": 2, "batch_size": 8}, True),  # 40 items: 10 steps
        ({"warmup_steps": 9, "epochs": 2, "batch_size": 8}, False),
        ({"warmup_steps": 9, "epochs": 2, "batch_size": 4, "gradient_accumulation": 3}, True),
        ({"warmup_steps": 5, "max_steps": 5}, True),
        ({"warmup_steps": 5, "max_steps": 0}, False),
        ({"warmup_share": 0.9}, False),
        ({"warmup_steps": 3, "overfit_batches": 2, "batch_size": 8}, True),
    ],
)
def test_a_warm_up_that_never_ends_is_pointed_out(training: dict[str, Any], said: bool) -> None:
    config = Base.model_validate(
        {
            "data": {"train": {"file": "a.json"}, "test": {"file": "b.json"}},
            "prompt": {"template": "{question}"},
            "model": {"name": "any"},
            "training": training,
        }
    )
    assert bool(notes(config, 40)) == said
