"""A sorted or grouped file is told from a shuffled one by its words."""

from __future__ import annotations

import numpy as np

from harness.audit.neighbours import neighbours_alike

WORDS = ["red", "blue", "green", "river", "town", "near", "who", "what", "lies", "old", "far"]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def texts(seed: int, n: int = 30) -> list[str]:
    draws = rng(seed)
    return [" ".join(draws.choice(WORDS, 5)) for _ in range(n)]


def test_sorted_and_grouped_files_are_noticed() -> None:
    assert neighbours_alike(sorted(texts(0, 200)), rng()) == 1 / 200
    grouped = [
        f"{word} {text}" for word, text in zip(sorted(WORDS * 12), texts(1, 132), strict=True)
    ]
    assert neighbours_alike(grouped, rng()) == 1 / 200
    shouted = [text.upper() if at % 2 else text for at, text in enumerate(grouped)]
    assert neighbours_alike(shouted, rng()) == 1 / 200


def test_an_arbitrary_order_is_suspected_in_a_twentieth_of_cases() -> None:
    p = np.array([neighbours_alike(texts(one), rng(one), n_permutations=39) for one in range(300)])
    assert 0.02 <= (p <= 0.05).mean() <= 0.08
    assert 0.45 <= p.mean() <= 0.57


def test_without_another_order_there_is_nothing_to_tell() -> None:
    for units in ([], ["red"], ["red", "blue"], ["red blue"] * 9, ["", "?", "!"]):
        assert neighbours_alike(units, rng()) == 1
