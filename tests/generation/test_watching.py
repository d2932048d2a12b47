"""Watching an answer changes nothing about it, and ends it where it is told to."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from harness.experiment.recipe import Generation
from harness.generation import Prediction, Watch, generate
from harness.generation.watching import told
from harness.models.base import BaseModel
from tests.generation.conftest import outspoken, prompts

HOW = [
    {},
    {"do_sample": True},
    {"do_sample": True, "stop_strings": ["e", "o", "t"]},
    {"do_sample": True, "no_repeat_ngram_size": 1},
    {"num_beams": 3},
]


def watched(base: BaseModel, watch: Watch | None, number: int = 0, **how: object) -> Prediction:
    """The prediction of one prompt, of at most 24 tokens."""
    (found,) = generate(
        base.model,
        base.tokenizer,
        prompts(base)[number : number + 1],
        Generation.model_validate({"max_new_tokens": 24, **how}),
        seed=3,
        encoder_decoder=base.encoder_decoder,
        on_step=lambda done, total: None,
        watch=watch,
    )
    return found


def listened(
    base: BaseModel, number: int = 0, **how: object
) -> tuple[Prediction, list[tuple[str, int]]]:
    """The prediction, and what was told of it meanwhile."""
    seen: list[tuple[str, int]] = []
    found = watched(base, lambda text, count: bool(seen.append((text, count))), number, **how)
    return found, seen


@pytest.mark.parametrize("how", HOW, ids=str)
def test_the_answer_is_that_of_nobody_watching(talker: BaseModel, how: dict[str, object]) -> None:
    for number in range(4):
        found, seen = listened(talker, number, **how)
        assert found == watched(talker, None, number, **how)
        if "num_beams" in how:
            assert {text for text, _ in seen} == {""}
            continue
        assert [count for _, count in seen] == list(range(1, found.new_tokens + 1))
        assert seen[-1][0] == found.text.rstrip("\ufffd").strip()
        if "no_repeat_ngram_size" not in how:  # texts are those of shorter and shorter answers
            for text, count in seen[::5]:
                short = watched(talker, None, number, **{**how, "max_new_tokens": count})
                assert short.text.rstrip("\ufffd").strip() == text


@pytest.mark.parametrize("family", ["t5", "llama"])
def test_eos_is_counted_and_not_shown(model_folders: dict[str, Path], family: str) -> None:
    base = outspoken(model_folders[family], eos=5.0)
    found, seen = listened(base, do_sample=True)
    assert found.new_tokens < 24
    assert seen[-1] == (found.text.rstrip("\ufffd").strip(), found.new_tokens)


@pytest.mark.parametrize("last", [1, 5])
@pytest.mark.parametrize("how", [{}, {"do_sample": True, "stop_strings": ["@@"]}], ids=str)
def test_it_ends_where_it_is_stopped(talker: BaseModel, last: int, how: dict[str, object]) -> None:
    seen: list[str] = []

    def watch(text: str, count: int) -> bool:
        seen.append(text)
        return count == last

    found = watched(talker, watch, **how)
    assert (found.new_tokens, len(seen)) == (last, last)
    assert found == watched(talker, None, **{**how, "max_new_tokens": last})
    assert found.text.rstrip("\ufffd").strip() == seen[-1]


def test_a_beam_search_ends_soon(talker: BaseModel) -> None:
    counts: list[int] = []

    def watch(text: str, count: int) -> bool:
        counts.append(count)
        return count >= 4

    found = watched(talker, watch, num_beams=3)
    assert counts == [1, 2, 3, 4]
    assert 0 < found.new_tokens <= 4
    assert found.text


def test_a_character_is_shown_once_it_is_whole(talker: BaseModel) -> None:
    ids = talker.tokenizer("a né", add_special_tokens=False)["input_ids"]
    eos = talker.tokenizer.eos_token_id
    seen: list[str] = []
    (criterion,) = told(
        lambda text, count: bool(seen.append(text)), (), talker.tokenizer, 1, final=True
    )
    rows = [one for one in ids if one != eos]
    for end in range(1, len(rows) + 1):
        assert criterion(torch.tensor([[7, *rows[:end]]]), None).tolist() == [False]
    assert seen[-2:] == ["a n", "a né"]


def test_one_prompt_alone_is_watched(talker: BaseModel) -> None:
    with pytest.raises(ValueError, match="one prompt can be watched, not 4"):
        generate(
            talker.model, talker.tokenizer, prompts(talker), Generation(), seed=0,
            encoder_decoder=talker.encoder_decoder, on_step=lambda done, total: None,
            watch=lambda text, count: False,
        )  # fmt: skip
