"""Generation: batching and padding must not change what is predicted."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from harness.models.base import BaseModel
from tests.generation.conftest import TEXTS, ask, outspoken, prompts


def _distinct(predictions: list[object]) -> int:
    return len({one.text for one in predictions})


def test_one_by_one_and_together_are_the_same(talker: BaseModel) -> None:
    alone = ask(talker, batch_size=1)
    assert _distinct(alone) > 1, "random models must differ by prompt here"
    assert ask(talker, batch_size=4) == alone
    assert ask(talker, batch_size=3) == alone


def test_predictions_come_in_the_order_of_the_prompts(talker: BaseModel) -> None:
    forward = ask(talker)
    assert [one.item_id for one in forward] == ["0", "1", "2", "3"]
    assert ask(talker, prompts(talker)[::-1]) == forward[::-1]


def test_longest_first_or_shortest_first_is_the_same(talker: BaseModel) -> None:
    lengths: list[int] = []
    reader = talker.model.get_encoder() if talker.encoder_decoder else talker.model
    reader.register_forward_pre_hook(
        lambda module, args, given: lengths.append(given["input_ids"].shape[1]), with_kwargs=True
    )
    forward = ask(talker, batch_size=1, max_new_tokens=1)
    assert ask(talker, batch_size=1, max_new_tokens=1, shortest_first=True) == forward
    n = len(TEXTS)
    assert lengths[:n] == sorted(lengths[:n], reverse=True)
    assert lengths[n:] == sorted(lengths[n:])
    assert ask(talker, batch_size=3, shortest_first=True) == ask(talker, batch_size=3)


def test_no_more_tokens_than_asked_for(base: BaseModel) -> None:
    assert all(one.new_tokens <= 2 for one in ask(base, max_new_tokens=2))


@pytest.mark.parametrize("drawn", [{}, {"do_sample": True}], ids=["greedy", "drawn"])
def test_settings_of_a_checkpoint_do_not_count(talker: BaseModel, drawn: dict[str, bool]) -> None:
    before = ask(talker, **drawn)
    talker.model.generation_config.update(
        do_sample=True,
        temperature=5.0,
        top_k=2,
        top_p=0.1,
        num_beams=3,
        repetition_penalty=9.0,
        no_repeat_ngram_size=1,
        suppress_tokens=list(range(3, 200)),
        min_new_tokens=6,
        max_length=2,
        stop_strings=["a", "e", "i"],
    )
    assert ask(talker, **drawn) == before


@pytest.mark.parametrize("stops", [(), ("never this",)])
def test_decoding_ends_at_eos(base: BaseModel, stops: tuple[str, ...]) -> None:
    """With eos as the only possible token, one token is generated and no text is left."""
    head = base.model.get_output_embeddings()
    bias = torch.full((head.out_features,), -1e4)
    bias[base.tokenizer.eos_token_id] = 1e4
    head.bias = torch.nn.Parameter(bias)
    assert [one[1:] for one in ask(base, stop_strings=stops)] == [("", 1)] * 4


@pytest.mark.parametrize("width", [1, 3])
def test_beams_are_those_of_transformers(talker: BaseModel, width: int) -> None:
    found = ask(talker, num_beams=width, batch_size=4)
    tokenizer = talker.tokenizer
    for item, one in zip(prompts(talker), found, strict=True):
        ids = torch.tensor([item.prompt_ids])
        output = talker.model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            num_beams=width,
            do_sample=False,
            max_new_tokens=6,
        )[0]
        new = output[1:] if talker.encoder_decoder else output[ids.shape[1] :]
        text = tokenizer.decode(new, skip_special_tokens=True)
        assert (one.text, one.new_tokens) == (text.strip(), len(new))
    assert _distinct(found) > 1


def test_a_beam_search_finds_other_answers(talker: BaseModel) -> None:
    assert ask(talker, num_beams=4) != ask(talker)


@pytest.mark.parametrize("family", ["t5", "llama"])
def test_tokens_are_counted_up_to_eos(model_folders: dict[str, Path], family: str) -> None:
    """In one batch, rows end at different lengths; those that ended are padded meanwhile."""
    base = outspoken(model_folders[family], eos=5.0)
    settings = {"do_sample": True, "max_new_tokens": 12, "seed": 2}
    together = ask(base, prompts(base, TEXTS * 3), **settings)
    lengths = {one.new_tokens for one in together}
    assert len(lengths) > 2
    assert min(lengths) < 12
    assert ask(base, prompts(base, TEXTS * 3), batch_size=1, **settings) == together
    assert ask(base, prompts(base, TEXTS * 3), stop_strings=["@@"], **settings) == together
