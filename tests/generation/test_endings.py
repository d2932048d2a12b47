"""Stop strings and repetition: rules about the prediction alone, whatever the prompt says."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from harness.generation.endings import no_repetition, stops_after, until_stop
from harness.models.base import BaseModel
from tests.generation.conftest import ask, prompts

DRAWN = {"do_sample": True, "max_new_tokens": 12, "seed": 5}


@pytest.mark.parametrize("stops", [("e",), ("o", "t"), (" ", "ing"), ("zz",)])
def test_a_prediction_ends_before_the_first_stop_string(
    talker: BaseModel, stops: tuple[str, ...]
) -> None:
    free = ask(talker, **DRAWN)
    stopped = ask(talker, stop_strings=stops, **DRAWN)
    cut = [min((one.text.split(stop)[0] for stop in stops), key=len).strip() for one in free]
    assert [one.text for one in stopped] == cut
    for one, other in zip(free, stopped, strict=True):
        occurs = any(stop in one.text for stop in stops)
        assert occurs or other == one
        assert other.new_tokens <= one.new_tokens
    assert ask(talker, stop_strings=stops, batch_size=1, **DRAWN) == stopped
    assert ask(talker, stop_strings=stops, batch_size=3, shortest_first=True, **DRAWN) == stopped


def test_tokens_are_counted_up_to_the_one_that_completes_the_stop_string(
    talker: BaseModel,
) -> None:
    """What was generated is found again by asking for fewer and fewer tokens."""
    stop = next(one.text[2] for one in ask(talker, **DRAWN) if len(one.text.strip()) > 3)
    stopped = ask(talker, stop_strings=[stop], **DRAWN)
    counts = [one.new_tokens for one in stopped]
    assert len(set(counts)) > 1, "some rows must end earlier than others"
    by_length = {
        n: ask(talker, **{**DRAWN, "max_new_tokens": n}) for n in range(1, max(counts) + 1)
    }
    for row, count in enumerate(counts):
        for n in range(1, count):
            assert stop not in by_length[n][row].text
        assert count == 12 or stop in by_length[count][row].text


def test_generation_does_stop(talker: BaseModel) -> None:
    """Not only is the text cut: once all rows have their stop string, nothing is computed."""
    calls = [0]
    talker.model.register_forward_pre_hook(lambda *_: calls.__setitem__(0, calls[0] + 1))
    one = prompts(talker)[:1]
    first = ask(talker, one, max_new_tokens=1)[0].text
    calls[0] = 0
    found = ask(talker, one, stop_strings=[first], max_new_tokens=12)
    assert [(one.text, one.new_tokens) for one in found] == [("", 1)]
    assert calls == [1]


@pytest.mark.parametrize("width", [2, 4])
def test_stop_strings_go_with_beams(talker: BaseModel, width: int) -> None:
    free = ask(talker, num_beams=width)
    stop = free[0].text[1]
    for one in ask(talker, num_beams=width, stop_strings=[stop], batch_size=2):
        assert stop not in one.text
    assert ask(talker, num_beams=width, stop_strings=["never this"]) == free


def test_a_stop_string_that_begins_in_the_prompt_ends_nothing(talker: BaseModel) -> None:
    """transformers' own would end a Llama's answer at its first token."""
    item = prompts(talker, ("who is Mola",))
    free = ask(talker, item, max_new_tokens=8)
    first = ask(talker, item, max_new_tokens=1)[0].text
    assert first
    assert ask(talker, item, max_new_tokens=8, stop_strings=[f"Mola{first}"]) == free


def test_the_words_of_the_prompt_may_be_answered(model_folders: dict[str, Path]) -> None:
    """A rule about repetition within an answer must not forbid to quote the context."""
    prompt = torch.tensor([[1, 1, 5, 6, 7, 8, 9]])
    (forbid,) = no_repetition(2, first_new=7)
    for answer, forbidden in (
        ([], set()),
        ([5], set()),
        ([5, 6], set()),
        ([5, 6, 5], {6}),
        ([5, 6, 5, 7, 5], {6, 7}),
    ):
        row = torch.cat([prompt, torch.tensor([answer], dtype=torch.long)], dim=1)
        scores = forbid(row, torch.zeros(1, 10))
        assert set(torch.isinf(scores[0]).nonzero().flatten().tolist()) == forbidden
    assert no_repetition(None, first_new=7) == []


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("how", [{}, {"num_beams": 2}, {"do_sample": True, "temperature": 0.3}])
def test_nothing_comes_twice(
    talker: BaseModel, size: int, how: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[int]] = []
    decode = type(talker.tokenizer).decode

    def listen(tokenizer, ids, **options):
        seen.append(list(ids))
        return decode(tokenizer, ids, **options)

    monkeypatch.setattr(type(talker.tokenizer), "decode", listen)
    again = {"max_new_tokens": 40, **how}
    ask(talker, **again)
    assert any(_repeats(ids, size) for ids in seen), "without the rule, something does"
    seen.clear()
    together = ask(talker, no_repeat_ngram_size=size, **again)
    assert len(seen) == 4
    assert not any(_repeats(ids, size) for ids in seen)
    assert ask(talker, no_repeat_ngram_size=size, batch_size=1, **again) == together


def _repeats(ids: list[int], size: int) -> bool:
    runs = [tuple(ids[at : at + size]) for at in range(len(ids) - size + 1)]
    return len(set(runs)) < len(runs)


def test_the_first_of_several_stop_strings_counts(base: BaseModel) -> None:
    ids = base.tokenizer("red blue green Mola", add_special_tokens=False)["input_ids"]
    ids = [one for one in ids if one != base.tokenizer.eos_token_id]
    kept, text = until_stop(ids, ["green", "blue"], base.tokenizer)
    assert text == "red "
    assert base.tokenizer.decode(kept) == "red blue"
    assert until_stop(ids, ["lue", "blue"], base.tokenizer)[1] == "red ", "both by one token"
    assert until_stop(ids, (), base.tokenizer) == (ids, "red blue green Mola")
    assert until_stop([], ["red"], base.tokenizer) == ([], "")
    assert stops_after((), base.tokenizer, 0) == []
