from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np

from harness.audit.lengths import MOST_BINS, QUANTILES, Lengths, histograms


def test_splits_have_the_same_bins_and_their_own_numbers() -> None:
    sizes = {"train": [10, 61], "validation": [], "test": [0, 19, 20, 40]}
    train, test = histograms("x", sizes)  # type: ignore[arg-type]
    assert (train.split, train.part, train.items, train.width) == ("train", "x", 2, 3)
    assert (test.items, test.width, len(test.counts)) == (4, 3, len(train.counts))
    edges = np.arange(len(test.counts) + 1) * 3
    assert list(test.counts) == np.histogram(sizes["test"], edges)[0].tolist()
    assert test.quantiles == tuple(np.quantile(sizes["test"], QUANTILES))
    assert histograms("x", {"test": []}) == ()


def test_a_limit_is_between_two_bins() -> None:
    sizes = [10] * 500 + [400, 401, 900]
    (usual,) = histograms("x", {"test": sizes})
    assert (usual.width, usual.start, len(usual.counts)) == (1, 0, MOST_BINS)
    assert usual.counts[-1] == 3
    (found,) = histograms("x", {"test": sizes}, limit=400)
    edges = [found.start + found.width * place for place in range(len(found.counts))]
    assert found.start <= 0
    assert 401 in edges
    assert list(found.counts) == np.histogram(sizes, [*edges, 10**9])[0].tolist()
    assert sum(found.counts[edges.index(401) :]) == 2
    (beyond,) = histograms("x", {"test": sizes}, limit=10**6)
    assert beyond.width * len(beyond.counts) < 1_100, "no item is that long"


def test_json_gives_the_same_lengths() -> None:
    (one,) = histograms("x", {"test": [1, 2, 3]})
    assert Lengths.from_json(json.loads(json.dumps(asdict(one)))) == one
