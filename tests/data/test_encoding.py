import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.data import Item
from harness.data.encoding import encode
from harness.data.prompts import render
from harness.errors import ExperimentError, ModelError
from harness.experiment.data import Prompt

BOTH = "question: {question} context: {context}"
SEQ2SEQ = ["t5", "t5-metaspace", "bart", "byt5"]
DECODERS = ["llama", "gpt2", "adds-eos"]
FAMILIES = [(name, True) for name in SEQ2SEQ] + [(name, False) for name in DECODERS]
families = pytest.mark.parametrize(("name", "encoder_decoder"), FAMILIES)


def one(item, prompt, tokenizer, encoder_decoder):
    [encoded] = encode([item], prompt, tokenizer, encoder_decoder=encoder_decoder)
    return encoded


def plain(tokenizer, text, encoder_decoder):
    """Ids of a prompt, made without the code under test."""
    ids = list(tokenizer(text)["input_ids"])
    while not encoder_decoder and ids and ids[-1] == tokenizer.eos_token_id:
        ids.pop()
    return ids


TEXT = st.text(st.sampled_from("abe tr.?🙂é\n漢"), max_size=40)


@families
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=60)
@given(
    question=TEXT.map("q{}".format),
    context=TEXT,
    answer=TEXT,
    limit=st.integers(8, 60),
    target_limit=st.integers(1, 12),
    template=st.sampled_from([BOTH, "{context} {question}", "{question}", "{context}{context}x"]),
)
def test_what_holds_for_every_item(
    tokenizers, name, encoder_decoder, question, context, answer, limit, target_limit, template
):
    tokenizer = tokenizers[name]
    answers = (answer,) if answer.strip() else ()
    item = Item("7", {"question": question, "context": context}, answers, (), ())
    prompt = Prompt(template=template, max_tokens=limit, max_target_tokens=target_limit)
    got = one(item, prompt, tokenizer, encoder_decoder)

    full = plain(tokenizer, render(prompt, item).prompt, encoder_decoder)
    assert 0 < len(got.prompt_ids) <= limit
    assert got.prompt_ids == plain(tokenizer, got.prompt, encoder_decoder)
    assert len(got.prompt_ids) + got.context_cut + got.prompt_cut == len(full)
    assert (got.context_cut, got.prompt_cut) == (0, 0) or len(full) > limit
    beginnings = [context[:end] for end in range(len(context) + 1)]
    if got.prompt_cut:  # nothing of the context is left
        assert render(prompt, item, context="").prompt.startswith(got.prompt)
    else:  # the question is whole
        assert got.prompt in {render(prompt, item, context=text).prompt for text in beginnings}

    eos = tokenizer.eos_token_id
    assert got.target_ids.count(eos) == 1
    assert got.target_ids[-1] == eos
    assert len(got.target_ids) <= target_limit
    assert (got.target_cut > 0) <= (len(got.target_ids) == target_limit)
    assert got.prompt_ids[-1] == eos if encoder_decoder else got.prompt_ids[-1] != eos


WORDS = "the river rises near the old town and the town is old " * 20


@families
def test_a_long_context_is_cut_just_enough(tokenizers, make_item, name, encoder_decoder):
    tokenizer, item = tokenizers[name], make_item(question="Where?", context=WORDS)
    got = one(item, Prompt(template=BOTH, max_tokens=60), tokenizer, encoder_decoder)
    assert 58 <= len(got.prompt_ids) <= 60
    assert got.prompt.startswith("question: Where? context: the")
    assert got.context_cut > 100
    assert got.prompt_cut == 0
    if tokenizer.is_fast:  # no word is left in pieces that the whole context has not
        kept = got.prompt.removeprefix("question: Where? context: ")
        pairs = tokenizer(WORDS, add_special_tokens=False, return_offsets_mapping=True)
        assert len(kept) in {end for _, end in pairs["offset_mapping"]}


def test_the_question_is_whole_although_it_comes_last(tokenizers, make_item):
    item = make_item(question="Where?", context=WORDS)
    prompt = Prompt(template="{context} Question: {question}", max_tokens=60)
    assert one(item, prompt, tokenizers["t5"], True).prompt.endswith(" Question: Where?")


@families
def test_without_a_context_the_prompts_end_is_cut_and_counted(
    tokenizers, make_item, name, encoder_decoder
):
    tokenizer, item = tokenizers[name], make_item(question=WORDS, context="Mola")
    got = one(item, Prompt(template=BOTH, max_tokens=60), tokenizer, encoder_decoder)
    assert 58 <= len(got.prompt_ids) <= 60
    assert got.prompt.startswith("question: the river")
    assert got.context_cut > 0
    assert got.prompt_cut > 100
    alone = one(item, Prompt(template="{question}", max_tokens=60), tokenizer, encoder_decoder)
    assert alone.context_cut == 0
    assert alone.prompt_cut > 100


def test_another_field_may_be_the_one_that_is_cut(tokenizers, make_item):
    item = make_item(question="Where?", context="Mola", body=WORDS)
    prompt = Prompt(template="{question} {body} {context}", max_tokens=40, truncate="body")
    got = one(item, prompt, tokenizers["t5"], True)
    assert got.prompt.startswith("Where? the river")
    assert got.prompt.endswith(" Mola")


@pytest.mark.parametrize("limit", [12, 40])
def test_both_templates_are_cut_in_the_field_that_they_name(tokenizers, make_item, limit):
    long = "the river rises near the old town. " * 5
    section = "Input: {input}"
    prompt = Prompt(
        template="{question} Input: {input}", without={"input": "{question} {body}"},
        truncate="input", max_tokens=limit,
    )  # fmt: skip
    full = make_item(question="q?", input=long, body="b")
    blank = make_item(question="q?", input="", body=long)
    first, second = encode([full, blank], prompt, tokenizers["t5"], encoder_decoder=True)
    assert first.prompt.startswith("q? Input: the river"[: 19 if limit > 12 else 9])
    assert first.context_cut > 0
    assert first.prompt_cut == 0
    assert second.prompt.startswith("q? the ")
    assert section not in second.prompt
    assert (second.context_cut, second.prompt_cut > 0) == (0, True), "it does not name the field"
    assert {len(one.prompt_ids) for one in (first, second)} <= set(range(limit + 1))


def test_prompts_and_targets_have_the_tokenizers_own_special_tokens(tokenizers, make_item):
    item = make_item(question="red", answers=("blue",))
    prompt = Prompt(template="{question}", target=" {answer}")
    for name, encoder_decoder, before, after in [
        ("t5", True, [], [1]),
        ("bart", True, [2], [1]),
        ("llama", False, [2], []),
        ("gpt2", False, [], []),
        ("adds-eos", False, [2], []),
    ]:
        tokenizer = tokenizers[name]
        got = one(item, prompt, tokenizer, encoder_decoder)
        red, blue = (tokenizer(t, add_special_tokens=False).input_ids for t in ("red", " blue"))
        assert got.prompt_ids == [*before, *red, *after], name
        assert got.target_ids == [*(before if encoder_decoder else []), *blue, 1], name


@families
def test_an_unanswerable_item_has_no_target_but_eos(tokenizers, make_item, name, encoder_decoder):
    prompt = Prompt(template="{question}", target=" {answer}")
    got = one(make_item(answers=()), prompt, tokenizers[name], encoder_decoder)
    bos = [2] if name == "bart" else []
    assert got.target_ids == [*bos, tokenizers[name].eos_token_id]


def test_a_long_target_keeps_eos_and_is_counted(tokenizers, make_item):
    for name, encoder_decoder in (("t5", True), ("llama", False)):
        tokenizer = tokenizers[name]
        ids = tokenizer("a b c d e f", add_special_tokens=False).input_ids
        item = make_item(answers=("a b c d e f",))
        for limit, cut in ((4, len(ids) - 3), (len(ids), 1), (len(ids) + 1, 0), (1, len(ids))):
            prompt = Prompt(template="{question}", max_target_tokens=limit)
            got = one(item, prompt, tokenizer, encoder_decoder)
            assert got.target_ids == [*ids[: limit - 1], 1]
            assert got.target_cut == cut


def test_eos_written_in_an_answer_does_not_end_it_twice(tokenizers, make_item):
    item = make_item(answers=("a</s>b</s>",))
    got = one(item, Prompt(template="{question}"), tokenizers["llama"], False)
    assert got.target_ids.count(1) == 1


def test_order_and_batches_do_not_change_anything(tokenizers, make_item):
    items = [
        make_item(str(n), question=f"q{n}", context=WORDS[: 37 * n % 900]) for n in range(2500)
    ]
    prompt = Prompt(template=BOTH, max_tokens=50)
    together = encode(items, prompt, tokenizers["t5"], encoder_decoder=True)
    assert [got.item_id for got in together] == [item.id for item in items]
    for index in (0, 1, 700, 2047, 2048, 2499):
        assert together[index] == one(items[index], prompt, tokenizers["t5"], True)


def test_a_length_limit_in_the_tokenizers_file_cuts_nothing(tokenizers, make_item):
    import copy

    tokenizer = copy.deepcopy(tokenizers["t5"])
    tokenizer.backend_tokenizer.enable_truncation(5)
    tokenizer.backend_tokenizer.enable_padding(length=40)
    item = make_item(question=WORDS)
    prompt = Prompt(template="{question}", max_tokens=2000)
    assert one(item, prompt, tokenizer, True) == one(item, prompt, tokenizers["t5"], True)


def test_no_items_are_no_tokens(tokenizers):
    prompt = Prompt(template="{question}")
    assert encode([], prompt, tokenizers["t5"], encoder_decoder=True) == []


def test_a_limit_without_room_for_text_is_refused(tokenizers, make_item):
    with pytest.raises(ExperimentError, match="no room for any text") as caught:
        one(make_item(), Prompt(template="{question}", max_tokens=2), tokenizers["bart"], True)
    assert caught.value.where == "base.prompt.max_tokens"
    assert caught.value.got == 2
    assert "2 tokens" in caught.value.allowed


def test_an_input_without_tokens_is_refused(tokenizers, make_item):
    item = make_item("9", context="")
    with pytest.raises(ExperimentError, match="item '9' has no tokens") as caught:
        one(item, Prompt(template="{context}"), tokenizers["gpt2"], False)
    assert "{context}" in caught.value.got


def test_a_tokenizer_without_eos_is_refused(make_item):
    class NoEnd:
        eos_token_id = None
        is_fast = True

    with pytest.raises(ModelError, match="no end-of-sequence token") as caught:
        one(make_item(), Prompt(template="{question}"), NoEnd(), False)
    assert caught.value.got == "NoEnd"


@pytest.mark.slow
def test_encoding_costs_little_more_than_tokenising(tokenizers, make_item):
    tokenizer = tokenizers["t5"]
    items = [make_item(str(n), question=f"q{n}", context=WORDS[:300]) for n in range(5000)]
    prompt = Prompt(template=BOTH)
    texts = [render(prompt, item).prompt for item in items]
    ratios = []
    for _ in range(3):
        start = time.perf_counter()
        tokenizer(texts)
        middle = time.perf_counter()
        encode(items, prompt, tokenizer, encoder_decoder=True)
        ratios.append((time.perf_counter() - middle) / (middle - start))
    assert min(ratios) < 2
