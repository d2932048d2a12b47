"""A model that has read a file in its order is noticed, one that has not is left in peace."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.audit import exposure
from harness.audit.exposure import Cost, probe_cost, probe_exposure
from harness.errors import ModelError
from harness.experiment.model import Model
from harness.models.base import BaseModel, load_base

WORDS = ["red", "blue", "green", "river", "town", "near", "who", "what", "where", "Mola", "Tarn"]
SMALL = {"n_shards": 8, "n_permutations": 5, "max_tokens": 128}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def texts(n: int = 32, seed: int = 0) -> list[str]:
    draws = rng(seed)
    return [" ".join(draws.choice(WORDS, draws.integers(2, 6))) for _ in range(n)]


@pytest.fixture
def llama(model_folders: dict[str, Path]) -> BaseModel:
    return load_base(Model(name=str(model_folders["llama"])))


class Watched:
    """A tokenizer that remembers which texts it was asked for."""

    def __init__(self, tokenizer: object) -> None:
        self.inner, self.seen = tokenizer, []

    def __call__(self, text: str, **options: object) -> object:
        self.seen.append(text)
        return self.inner(text, **options)

    def __len__(self) -> int:
        return len(self.inner)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


def memorise(base: BaseModel, sequences: list[str], steps: int = 60) -> None:
    """Plain training on whole documents until they are nearly known by heart."""
    ids = [base.tokenizer(one, return_tensors="pt")["input_ids"] for one in sequences]
    optimizer = torch.optim.AdamW(base.model.parameters(), lr=5e-3)
    for _ in range(steps):
        sum(base.model(input_ids=one, labels=one).loss for one in ids).backward()
        optimizer.step()
        optimizer.zero_grad()
    base.model.eval()


@pytest.mark.parametrize("family", ["llama", "bloom", "gpt2"])
def test_likelihoods_are_those_of_the_models_own_loss(
    model_folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, family: str
) -> None:
    """One by one and unpadded, by transformers' loss; in batches of all orders by the probe."""
    base = load_base(Model(name=str(model_folders[family])))
    watched = Watched(base.tokenizer)
    units = texts(8)
    options = {"n_shards": 2, "n_permutations": 4}
    found = probe_exposure(base.model, watched, units, rng=rng(), **options)
    orders = [one for one in watched.seen if one.count("\n") == 3]
    assert orders[0] == "\n".join(units[:4])
    expected = []
    for text in orders:
        ids = base.tokenizer(text, return_tensors="pt")["input_ids"]  # with <s>
        loss = base.model(input_ids=ids, labels=ids).loss.item()
        expected.append(-loss * (ids.shape[1] - 1))
    np.testing.assert_allclose(found.log_likelihoods.ravel(), expected, rtol=1e-5)
    monkeypatch.setattr(exposure, "_LOGITS", 1)  # now one by one
    alone = probe_exposure(base.model, base.tokenizer, units, rng=rng(), **options)
    np.testing.assert_allclose(found.log_likelihoods, alone.log_likelihoods, rtol=1e-5)


@pytest.mark.parametrize("family", ["llama", "bloom", "gpt2"])
def test_padding_changes_no_likelihood(model_folders: dict[str, Path], family: str) -> None:
    base = load_base(Model(name=str(model_folders[family])))
    rows = [
        tuple(base.tokenizer(one)["input_ids"]) for one in ("red", "where Mola river?", "a town")
    ]
    assert len(set(map(len, rows))) == 3
    expected = []
    for row in rows:
        ids = torch.tensor([row])
        loss = base.model(input_ids=ids, labels=ids).loss.item()
        expected.append(-loss * (len(row) - 1))
    found = exposure._batch_log_likelihoods(base.model, rows)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_model_that_saw_nothing_is_rarely_suspected(llama: BaseModel) -> None:
    p = np.array(
        [
            probe_exposure(
                llama.model, llama.tokenizer, texts(seed=seed), rng=rng(seed), **SMALL
            ).test.p_value
            for seed in range(60)
        ]
    )
    assert (p <= 0.05).mean() <= 0.12  # 3 of 60 expected; 8 or more once in 100 such tests
    assert 0.35 <= p.mean() <= 0.65


def test_a_model_that_read_the_file_is_noticed_by_its_order_alone(llama: BaseModel) -> None:
    """The same items in an order that it did not read say nothing."""
    published = texts()
    memorise(llama, ["\n".join(published[at : at + 4]) for at in range(0, 32, 4)])

    def p(items: list[str], **options: object) -> float:
        return probe_exposure(
            llama.model, llama.tokenizer, items, rng=rng(), **{**SMALL, **options}
        ).test.p_value

    assert p(published) < 0.01
    # seen in pairs, too, though only one place in four is left where orders differ
    assert p(published, units=[at // 2 for at in range(32)]) < 0.01
    others = [[published[at] for at in rng(seed).permutation(32)] for seed in range(5)]
    assert np.median([p(items) for items in others]) > 0.1


def test_texts_of_one_unit_are_never_parted(llama: BaseModel) -> None:
    watched = Watched(llama.tokenizer)
    items, labels = texts(12), [at // 3 for at in range(12)]
    whole = ["\n".join(items[at : at + 3]) for at in range(0, 12, 3)]
    found = probe_exposure(
        llama.model, watched, items, rng=rng(), units=labels, n_shards=1, n_permutations=4
    )
    orders = [one for one in watched.seen if one.count("\n") == 11]
    assert len(orders) == 5
    assert orders[0] == "\n".join(items)
    for order in orders[1:]:
        assert order != orders[0]
        lines = order.split("\n")
        assert sorted("\n".join(lines[at : at + 3]) for at in range(0, 12, 3)) == sorted(whole)
    assert found.log_likelihoods.shape == (1, 5)
    assert "1 of the 2" in found.test.reason


def test_all_orders_of_a_shard_hold_the_same_whole_units(llama: BaseModel) -> None:
    items = texts(40)
    watched = Watched(llama.tokenizer)
    options = {"n_shards": 4, "n_permutations": 3, "max_tokens": 40}
    found = probe_exposure(llama.model, watched, items, rng=rng(), **options)
    orders = [one for one in watched.seen if one.strip() == one and one not in items]
    assert len(orders) == 16
    used = 0
    for at in range(4):
        kept = orders[4 * at].split("\n")
        assert kept == items[10 * at : 10 * at + len(kept)]
        assert all(sorted(one.split("\n")) == sorted(kept) for one in orders[4 * at : 4 * at + 4])
        used += len(kept)
    lengths = [len(llama.tokenizer(one)["input_ids"]) for one in orders]
    assert 25 < min(lengths) <= max(lengths) <= 40
    assert found.notes == (
        f"{used} of 40 units are compared, as many as fit into 40 tokens per shard",
    )
    cost = probe_cost(llama.tokenizer, items, **options)
    assert cost == Cost(4, 16, 4 * sum(lengths[::4]))
    pairs = probe_cost(llama.tokenizer, items[:4], n_shards=2)  # 2 orders, however many are drawn
    assert pairs[:2] == (2, 4)


def test_what_does_not_fit_or_is_not_there_is_said(llama: BaseModel) -> None:
    def probe(items: list[str], **options: object):
        return probe_exposure(llama.model, llama.tokenizer, items, rng=rng(), **options)

    few = probe(texts(7))
    assert few.notes == ("3 shards instead of 20: there are only 7 units",)
    assert few.log_likelihoods.shape == (3, 13)
    pair = few.log_likelihoods[1]  # of two units: there is one other order, and it is another
    assert (pair[1:] == pair[1]).all()
    assert pair[0] != pair[1]
    long = probe([*texts(4), "red", " ".join(WORDS * 9), *texts(2)], n_shards=4, max_tokens=60)
    assert long.test.n_shards == 3
    assert long.notes[0].startswith("1 of 4 shards are left out: no two of their units fit")
    assert "6 of 8 units" in long.notes[1]
    for items in ([], ["red"], [" ".join(WORDS * 40)] * 4):
        assert "0 of the 2" in probe(items).test.reason
    alike = probe(["red"] * 20)
    assert math.isnan(alike.test.p_value)
    assert "same in every shard" in alike.test.reason


def test_a_sorted_file_is_noted(llama: BaseModel) -> None:
    items = sorted(texts(60))
    notes, apart = (
        probe_exposure(llama.model, llama.tokenizer, items, rng=rng(), units=units, **SMALL).notes
        for units in (None, [0] * 60)
    )
    assert any("sorted or grouped" in note for note in notes)
    assert not any("sorted or grouped" in note for note in apart)


def test_a_sequence_is_never_longer_than_the_model_allows(model_folders: dict[str, Path]) -> None:
    base = load_base(Model(name=str(model_folders["gpt2"])))  # 256 positions, and no more
    found = probe_exposure(base.model, base.tokenizer, texts(200), rng=rng(), n_shards=2)
    assert "fit into 256 tokens" in found.notes[0]
    assert np.isfinite(found.log_likelihoods).all()


def test_the_model_and_the_random_state_stay_as_they_were(llama: BaseModel) -> None:
    llama.model.train()
    llama.model.lm_head.eval()
    with_gradients: list[bool] = []
    llama.model.lm_head.register_forward_hook(
        lambda *_: with_gradients.append(torch.is_grad_enabled())
    )
    for layer in llama.model.model.layers:
        layer.self_attn.attention_dropout = 0.5  # would draw, were it not off meanwhile
    modes = [module.training for module in llama.model.modules()]
    state, global_state = torch.get_rng_state(), np.random.get_state()[1].tolist()
    steps: list[tuple[int, int]] = []
    options = SMALL | {"on_step": lambda done, total: steps.append((done, total))}
    first, again = (
        probe_exposure(llama.model, llama.tokenizer, texts(), rng=rng(), **options)
        for _ in range(2)
    )
    np.testing.assert_array_equal(first.log_likelihoods, again.log_likelihoods)
    assert [module.training for module in llama.model.modules()] == modes
    assert set(with_gradients) == {False}
    assert torch.equal(torch.get_rng_state(), state)
    assert np.random.get_state()[1].tolist() == global_state
    assert steps == [(done, 8) for done in range(1, 9)] * 2


def test_an_encoder_decoder_is_refused(model_folders: dict[str, Path]) -> None:
    base = load_base(Model(name=str(model_folders["t5"])))
    with pytest.raises(ModelError, match="encoder-decoder") as caught:
        probe_exposure(base.model, base.tokenizer, texts(), rng=rng())
    assert "base.model.name" in str(caught.value)
    assert "decoder-only" in str(caught.value)


def test_wrong_arguments_are_refused(llama: BaseModel) -> None:
    with pytest.raises(ValueError, match="3 units for 32 texts"):
        probe_cost(llama.tokenizer, texts(), units=[1, 2, 3])
    with pytest.raises(ValueError, match="n_permutations: got 0"):
        probe_exposure(llama.model, llama.tokenizer, texts(), rng=rng(), n_permutations=0)
