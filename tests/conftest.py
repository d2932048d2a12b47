"""Tiny random models of both kinds, made once per session; nothing is downloaded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a test that reaches for the hub must fail at once
os.environ.setdefault("OMP_NUM_THREADS", "1")

WORDS = """question context answer where who what river town lies near red blue green Mola Tarn
Vesh is the of in founded by a : ? . , one two three four five six seven eight nine ten"""


@pytest.fixture(scope="session")
def model_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of a random T5 and a random Llama with pad == eos, by family name."""
    import torch
    from transformers import (
        LlamaConfig,
        LlamaForCausalLM,
        T5Config,
        T5ForConditionalGeneration,
    )

    root = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    common = {"vocab_size": 300, "initializer_range": 0.1}
    t5 = T5ForConditionalGeneration(
        T5Config(
            d_model=64, d_kv=32, d_ff=128, num_layers=2, num_decoder_layers=2, num_heads=2,
            dropout_rate=0.0, vocab_size=300, pad_token_id=0, eos_token_id=1,
            decoder_start_token_id=0,
        )
    )  # fmt: skip
    llama = LlamaForCausalLM(
        LlamaConfig(
            hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
            num_key_value_heads=2, pad_token_id=1, eos_token_id=1, bos_token_id=2, **common,
        )
    )  # fmt: skip
    folders = {}
    for family, model in (("t5", t5), ("llama", llama)):
        folders[family] = root / family
        model.save_pretrained(folders[family])
        _tokenizer(family).save_pretrained(folders[family])
    return folders


def _tokenizer(family: str):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<pad>", "</s>", "<s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator([WORDS] * 20, trainer)
    if family == "t5":
        raw.post_processor = processors.TemplateProcessing(
            single="$A </s>", special_tokens=[("</s>", 1)]
        )
        return PreTrainedTokenizerFast(tokenizer_object=raw, pad_token="<pad>", eos_token="</s>")
    raw.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 2)])
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<s>", eos_token="</s>", pad_token="</s>"
    )
