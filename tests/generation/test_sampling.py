"""Random decoding: the right distribution, and noise that belongs to the item."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from harness.experiment.recipe import Generation
from harness.generation.sampling import item_seed, sampling_processors
from harness.models.base import BaseModel
from tests.generation.conftest import TEXTS, ask, outspoken, prompts

LOGITS = np.array([2.0, 1.5, 1.0, 0.3, 0.0, -0.5, -1.0, -2.0])
N = 8_000


def _probabilities(
    temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """By definition: softmax, the k likeliest of it, the nucleus of what is left.

    The nucleus is the smallest set of the likeliest tokens whose probability is at least p
    (Holtzman et al. 2020, section 3.1).
    """
    chances = np.exp(LOGITS / temperature)
    chances /= chances.sum()
    order = np.argsort(-chances)
    kept = order[: top_k or len(order)]
    chances = np.where(np.isin(np.arange(len(chances)), kept), chances, 0) / chances[kept].sum()
    if top_p is not None:
        size = int(np.searchsorted(np.cumsum(chances[order]), top_p)) + 1
        kept = order[:size]
        chances = np.where(np.isin(np.arange(len(chances)), kept), chances, 0)
    return chances / chances.sum()


def _draw(seeds: list[int], *, steps: int = 1, **settings: object) -> torch.Tensor:
    """Token of each row at each step, shape (rows, steps)."""
    chain = sampling_processors(Generation(do_sample=True, **settings), seeds)
    logits = torch.tensor(LOGITS, dtype=torch.float32).repeat(len(seeds), 1)
    before = torch.zeros(len(seeds), 1, dtype=torch.long)
    return torch.stack([chain(before, logits).argmax(dim=1) for _ in range(steps)], dim=1)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"temperature": 0.5},
        {"temperature": 3.0},
        {"top_k": 3},
        {"top_k": 100},
        {"top_p": 0.7},
        {"top_p": 0.05},
        {"top_p": 1.0},
        {"temperature": 2.0, "top_k": 5, "top_p": 0.6},
    ],
    ids=str,
)
@pytest.mark.parametrize("across", ["items", "steps"])
def test_tokens_have_the_probabilities_they_should(settings: dict[str, float], across: str) -> None:
    if across == "items":
        drawn = _draw([item_seed(0, str(i)) for i in range(N)], **settings)
    else:
        drawn = _draw([item_seed(3, "one")], steps=N // 4, **settings)
    counts = np.bincount(drawn.flatten().numpy(), minlength=len(LOGITS))
    expected = drawn.numel() * _probabilities(**settings)
    assert (counts[expected == 0] == 0).all()
    possible = expected > 0
    if possible.sum() > 1:
        assert chisquare(counts[possible], expected[possible]).pvalue > 1e-3


def test_the_test_would_notice_a_wrong_temperature() -> None:
    drawn = _draw([item_seed(0, str(i)) for i in range(N)], temperature=0.9)
    counts = np.bincount(drawn.flatten().numpy(), minlength=len(LOGITS))
    assert chisquare(counts, N * _probabilities()).pvalue < 1e-3


def test_neighbours_in_a_batch_are_independent() -> None:
    n = N // 4
    pairs = _draw([item_seed(1, str(i)) for i in range(2)], steps=n).numpy()
    together = np.histogram2d(pairs[0], pairs[1], bins=[np.arange(9)] * 2)[0].flatten()
    chances = _probabilities()
    expected = n * np.outer(chances, chances).flatten()
    often = expected > 5
    observed = [*together[often], together[~often].sum()]
    assert chisquare(observed, [*expected[often], expected[~often].sum()]).pvalue > 1e-3


def test_an_items_answer_does_not_depend_on_the_batch(talker: BaseModel) -> None:
    items = prompts(talker, TEXTS * 2)
    alone = ask(talker, items, do_sample=True, batch_size=1)
    assert len({one.text for one in alone}) == 8, "the same prompts, but other items"
    assert ask(talker, items, do_sample=True, batch_size=8) == alone
    assert ask(talker, items, do_sample=True, batch_size=3) == alone
    assert ask(talker, items, do_sample=True, batch_size=3, shortest_first=True) == alone
    assert ask(talker, items[::-1], do_sample=True, batch_size=3) == alone[::-1]
    assert ask(talker, items[2:5], do_sample=True) == alone[2:5]


def test_answers_differ_by_seed_and_from_greedy_ones(talker: BaseModel) -> None:
    drawn = {seed: ask(talker, do_sample=True, seed=seed) for seed in (0, 1)}
    assert drawn[0] == ask(talker, do_sample=True, seed=0)
    for one, other, greedy in zip(drawn[0], drawn[1], ask(talker), strict=True):
        assert len({one.text, other.text, greedy.text}) == 3


def test_drawing_leaves_torchs_own_random_numbers_alone(talker: BaseModel) -> None:
    before = torch.random.get_rng_state()
    ask(talker, do_sample=True)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_two_models_meet_the_same_noise(model_folders: dict[str, Path]) -> None:
    """With a head that says nothing, the noise alone decides, in every family."""
    said: list[list[str]] = []
    for family in ("t5", "llama"):
        base = outspoken(model_folders[family])
        head = base.model.get_output_embeddings()
        head.weight.data.zero_()
        said.append([one.text for one in ask(base, do_sample=True)])
    assert said[0] == said[1]
    assert len(set(said[0])) == 4


def test_little_temperature_is_greedy(talker: BaseModel) -> None:
    assert ask(talker, do_sample=True, temperature=1e-6) == ask(talker)
    assert ask(talker, do_sample=True, top_k=1) == ask(talker)


def test_seeds_of_items_are_fixed_for_ever() -> None:
    """Half of the first 8 bytes of `printf '3 q1' | sha256sum`."""
    assert item_seed(3, "q1") == 0xB064BB31FB87B76B // 2
    assert item_seed(3, "q1") != item_seed(3, "q2") != item_seed(4, "q2")
    assert 0 <= max(item_seed(0, str(i)) for i in range(1_000)) < 2**63


def test_nothing_is_done_without_do_sample() -> None:
    assert len(sampling_processors(Generation(), [1, 2])) == 0
