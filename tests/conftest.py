"""The real data where present, and tiny random models, made once per session."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

import pytest

from tests.small import EXPERIMENT

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a test that reaches for the hub must fail at once
os.environ.setdefault("OMP_NUM_THREADS", "1")

REAL = Path(__file__).parents[2] / "shared" / "data"
WORDS = """question context answer where who what river town lies near red blue green Mola Tarn
Vesh is the of in founded by a : ? . , one two three four five six seven eight nine ten"""


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tracking store without runs; making one takes seconds, copying it does not."""
    folder = tmp_path_factory.mktemp("store")
    with contextlib.chdir(folder):  # MLflow makes its artifact folder in the current one
        from harness.tracking import open_store

        open_store(None)
    return folder / "mlflow.db"


@pytest.fixture
def work(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with an experiment file and an empty store, as the current one."""
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    (tmp_path / "small.yaml").write_text(EXPERIMENT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def tiny_ablation(
    tmp_path_factory: pytest.TempPathFactory, empty_store: Path, model_folders: dict[str, Path]
) -> Path:
    """Working folder of a finished ablation of tiny models, see `trained_ablation`."""
    from tests.trained_ablation import run_tiny

    return run_tiny(tmp_path_factory.mktemp("tiny"), empty_store, model_folders)


FAMILIES = ("t5", "llama", "mistral", "bloom", "gpt_neo", "gpt2", "qwen2")
"""What the conformance suite runs on."""


@pytest.fixture(scope="session")
def real() -> Path:
    """Folder of the real data sets."""
    if not REAL.is_dir():
        pytest.skip("the real data sets are not on this machine")
    return REAL


@pytest.fixture(scope="session")
def model_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of random models by family; pad is eos in all but the T5, as it often is."""
    import torch
    from transformers import AutoModelForCausalLM, T5ForConditionalGeneration

    root = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    folders = {}
    for family, shape in _shapes().items():
        if family == "t5":
            model = T5ForConditionalGeneration(shape)
        else:
            model = AutoModelForCausalLM.from_config(shape)
        folders[family] = root / family
        model.save_pretrained(folders[family])
        _tokenizer(family).save_pretrained(folders[family])
    return folders


def _shapes() -> dict[str, object]:
    """Sizes are multiples of 64, which packed 4-bit layers need."""
    from transformers import (
        BloomConfig,
        GPT2Config,
        GPTNeoConfig,
        LlamaConfig,
        MistralConfig,
        Qwen2Config,
        T5Config,
    )

    ids = {"vocab_size": 300, "pad_token_id": 1, "eos_token_id": 1, "bos_token_id": 2}
    llama = ids | {
        "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 2, "initializer_range": 0.1,
    }  # fmt: skip
    return {
        "t5": T5Config(
            d_model=64, d_kv=32, d_ff=128, num_layers=2, num_decoder_layers=2, num_heads=2,
            dropout_rate=0.0, vocab_size=300, pad_token_id=0, eos_token_id=1,
            decoder_start_token_id=0,
        ),
        "llama": LlamaConfig(**llama),
        "mistral": MistralConfig(**llama, sliding_window=16),
        "qwen2": Qwen2Config(**llama),
        "bloom": BloomConfig(
            **ids, hidden_size=64, n_layer=2, n_head=2, initializer_range=0.1,
            hidden_dropout=0.0, attention_dropout=0.0,
        ),
        "gpt_neo": GPTNeoConfig(
            **ids, hidden_size=64, num_layers=2, attention_types=[[["global", "local"], 1]],
            num_heads=2, intermediate_size=128, window_size=16, max_position_embeddings=256,
            initializer_range=0.1, resid_dropout=0.0, embed_dropout=0.0, attention_dropout=0.0,
        ),
        "gpt2": GPT2Config(
            **ids, n_embd=64, n_layer=2, n_head=2, n_positions=256, initializer_range=0.1,
            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
        ),
    }  # fmt: skip


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
