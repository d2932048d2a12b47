"""The base model that ships: it loads offline, spells any text, and has the promised shape."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from recipes.embedded.curriculum import Curriculum
from recipes.embedded.dataset import FOLDER as DATA
from recipes.embedded.initialise import new_model
from recipes.embedded.pretrain import FOLDER


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return AutoTokenizer.from_pretrained(FOLDER, local_files_only=True)


@pytest.fixture(scope="module")
def model() -> Any:
    return AutoModelForSeq2SeqLM.from_pretrained(FOLDER, dtype=torch.float32, local_files_only=True)


@pytest.mark.parametrize(
    "text",
    [
        "Where was Veltor Sandrin born?",
        " a blank before",
        "  two before, two after  ",
        "",
        "tab\tnew line\r\nline separator\u2028no-break\u00a0zero width\u200b",
        "naïve cafe\u0301 Łódź ß İ ﬁ",
        "你好，世界 こんにちは 안녕 Привет שלום مرحبا",
        "🏳️‍🌈👩🏽‍🚀 \U0010ffff \x00 \ufeff",
        "<b>don't</b> 3.14 % {n} \\n",
    ],
)
def test_any_text_survives_the_tokenizer(tokenizer: Any, text: str) -> None:
    assert tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True) == text


def test_texts_end_and_are_padded_as_the_model_expects(tokenizer: Any, model: Any) -> None:
    batch = tokenizer(["Veltor", "Veltor Sandrin of Drumath"], padding=True)
    assert batch["input_ids"][0][-1] == tokenizer.pad_token_id == model.config.pad_token_id == 0
    assert batch["input_ids"][1][-1] == tokenizer.eos_token_id == model.config.eos_token_id == 1
    assert model.generation_config.decoder_start_token_id == 0
    assert len(tokenizer) == model.config.vocab_size == 2048
    assert tokenizer.convert_tokens_to_ids("<extra_id_15>") < 2048


def test_an_answer_is_spelled_as_in_the_context(tokenizer: Any) -> None:
    answer = tokenizer("Veltor Sandrin", add_special_tokens=False)["input_ids"]
    context = tokenizer("It belongs to Veltor Sandrin.", add_special_tokens=False)["input_ids"]
    assert context[-len(answer) - 1 : -1] == answer


def test_prompts_of_the_data_set_fit(tokenizer: Any) -> None:
    articles = json.loads((DATA / "test.json").read_text(encoding="utf-8"))["data"]
    prompts = [
        f"question: {question['question']} context: {paragraph['context']}"
        for article in articles
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    ]
    assert max(len(ids) for ids in tokenizer(prompts)["input_ids"]) <= 256


def test_the_weights_are_those_of_a_tiny_t5(model: Any) -> None:
    assert sum(weight.numel() for weight in model.parameters()) == 525_440
    assert {weight.dtype for weight in model.parameters()} == {torch.float32}
    assert all(torch.isfinite(weight).all() for weight in model.parameters())
    linear = [m for m in model.modules() if isinstance(m, torch.nn.Linear)]
    assert all(m.in_features % 64 == 0 and m.out_features % 32 == 0 for m in linear)


def test_the_stored_shape_is_that_of_the_recipe(model: Any) -> None:
    recipe = {
        name: weight.shape for name, weight in new_model(seed=0, first_word=300).named_parameters()
    }
    assert {name: weight.shape for name, weight in model.named_parameters()} == recipe


def test_a_new_model_follows_its_seed_and_leaves_the_global_generator_alone() -> None:
    before = torch.random.get_rng_state()
    first, again, other = (new_model(seed, first_word=300) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    pairs = zip(first.parameters(), again.parameters(), strict=True)
    assert all(torch.equal(one, two) for one, two in pairs)
    assert not torch.equal(first.shared.weight, other.shared.weight)


def test_the_model_reads_answers_from_the_context(model: Any, tokenizer: Any) -> None:
    curriculum = Curriculum(seed=99)
    examples = [curriculum.answer() for _ in range(40)]
    batch = tokenizer([e.source for e in examples], padding=True, return_tensors="pt")
    with torch.inference_mode():
        output = model.generate(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            max_new_tokens=12,
            do_sample=False,
        )
    texts = tokenizer.batch_decode(output, skip_special_tokens=True)
    hits = sum(text == e.target for text, e in zip(texts, examples, strict=True))
    assert hits >= 28  # the model card says how many are expected
