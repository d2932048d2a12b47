"""Small data files and tiny tokenizers; nothing is downloaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.data import Item

CORPUS = [
    "question: where does the river rise? context: the river rises near the old town.",
    "Answer the question. Instruction: name the colour. Input: blue, green, red.",
    "A game released in 2012 for the PlayStation, Xbox and PC; its rating is E 10+.",
]


@pytest.fixture
def squad_tree() -> dict[str, Any]:
    """Two articles in SQuAD's layout, with v2.0's extras; the tree may be changed."""

    def qa(name: str, answer: str | None, start: int = 0) -> dict[str, Any]:
        if answer is None:
            return {
                "question": f"{name}?", "id": name, "answers": [], "is_impossible": True,
                "plausible_answers": [{"text": "x", "answer_start": 0}],
            }  # fmt: skip
        answers = [{"text": answer, "answer_start": start}]
        return {"question": f"{name}?", "id": name, "answers": answers, "is_impossible": False}

    first = {"context": "Mola is 🙂 red.", "qas": [qa("a", "Mola"), qa("b", "red", 10)]}
    second = {"context": "Tarn is blue.", "qas": [qa("c", "blue", 8), qa("d", None)]}
    third = {"context": "Mola is 🙂 red.", "qas": [qa("e", "Mola")]}
    return {
        "version": "v2.0",
        "data": [
            {"title": "One", "paragraphs": [first, second]},
            {"title": "Two", "paragraphs": [third]},
        ],
    }


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Any], Path]:
    """Write a file of the given name: bytes, text, or anything else as JSON."""

    def writer(name: str, content: Any) -> Path:
        path = tmp_path / name
        if not isinstance(content, bytes):
            text = content if isinstance(content, str) else json.dumps(content)
            content = text.encode("utf-8")
        path.write_bytes(content)
        return path

    return writer


@pytest.fixture
def make_item() -> Callable[..., Item]:
    """An item with some defaults."""

    def maker(
        id: str = "x",  # noqa: A002
        question: str = "Where?",
        answers: tuple[str, ...] = ("there",),
        clusters: tuple[str, ...] = (),
        **fields: str,
    ) -> Item:
        return Item(id, {"question": question, **fields}, answers, (), clusters)

    return maker


def build_tokenizer(before: str, after: str, *, pad: str = "<pad>", pre: str = "bytes") -> Any:
    """A byte-level or SentencePiece-like tokenizer that puts special tokens around a text."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE(unk_token="<unk>"))
    alphabet = pre_tokenizers.ByteLevel.alphabet() if pre == "bytes" else []
    raw.pre_tokenizer = (
        pre_tokenizers.ByteLevel(add_prefix_space=False)
        if pre == "bytes"
        else pre_tokenizers.Metaspace()
    )
    specials = ["<pad>", "</s>", "<s>", "<unk>"]
    trainer = trainers.BpeTrainer(
        vocab_size=420, special_tokens=specials, initial_alphabet=alphabet, show_progress=False
    )
    raw.train_from_iterator(CORPUS * 5, trainer)
    raw.post_processor = processors.TemplateProcessing(
        single=f"{before} $A {after}".strip(), special_tokens=[("</s>", 1), ("<s>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token="<s>", eos_token="</s>", pad_token=pad, unk_token="<unk>"
    )


@pytest.fixture(scope="session")
def tokenizers() -> dict[str, Any]:
    """Tokenizers by the model family whose habits they have."""
    from transformers import ByT5Tokenizer

    return {
        "t5": build_tokenizer("", "</s>"),
        "t5-metaspace": build_tokenizer("", "</s>", pre="metaspace"),
        "bart": build_tokenizer("<s>", "</s>"),
        "byt5": ByT5Tokenizer(),
        "llama": build_tokenizer("<s>", "", pad="</s>"),
        "gpt2": build_tokenizer("", ""),
        "adds-eos": build_tokenizer("<s>", "</s>"),
    }
