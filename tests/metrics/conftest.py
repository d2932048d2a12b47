"""Batches to score: invented strings that always run, and SQuAD answers where the data is there.

Both come with official EM and F1 from ``tests/golden/make_squad.py``.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

GOLDEN = Path(__file__).parents[1] / "golden"
SQUAD = Path(__file__).parents[3] / "shared" / "data" / "squad"
WORDS = [
    *("the", "a", "of", "in", "on", "and", "old", "cat", "dog", "river", "town", "king", "queen"),
    *("saw", "built", "left", "won", "12", ",", "."),
]


class Batch(NamedTuple):
    predictions: list[str]
    references: list[list[str]]
    em: NDArray[np.float64]
    """Official, 0-100, shape (n_items,)."""
    f1: NDArray[np.float64]


@pytest.fixture(scope="session", params=["v1.1", "v2.0"])
def invented(request: pytest.FixtureRequest) -> Batch:
    """9,000 items of odd strings: Unicode, punctuation, empty, 1 to 5 references."""
    golden = _golden("squad_cases.json.gz")
    strings = golden["strings"]
    predictions = [strings[i] for i in golden["predictions"]]
    references = [[strings[i] for i in golds] for golds in golden["references"]]
    if request.param == "v2.0":
        predictions, references = ["", *predictions], [[], *references]
    return Batch(predictions, references, *_official(golden[request.param]))


@pytest.fixture(scope="session", params=["dev-v1.1-sample.json", "dev-v2.0-sample.json"])
def squad(request: pytest.FixtureRequest) -> Batch:
    """SQuAD's gold answers against perturbed ones, every question several times."""
    path = SQUAD / request.param
    if not path.exists():
        pytest.skip("SQuAD samples are not beside the repository (../shared/data/squad)")
    golden = _golden("squad_dev.json.gz")[request.param]
    content = path.read_bytes()
    assert hashlib.sha256(content).hexdigest() == golden["data_sha256"], (
        f"{path.name} is not the sample that the golden values are from: rerun make_squad.py"
    )
    references = [
        [answer["text"] for answer in question["answers"]]
        for article in json.loads(content)["data"]
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    ]
    predictions = golden["predictions"]
    references *= len(predictions) // len(references)
    return Batch(predictions, references, *_official(golden))


@pytest.fixture(scope="session", params=["shorter", "longer"])
def sentences(request: pytest.FixtureRequest) -> tuple[list[str], list[list[str]]]:
    """400 made-up sentences with 1 or 2 references; predictions too short on the whole, or not."""
    rng = random.Random(3)
    predictions, references = [], []
    for _ in range(400):
        gold = rng.choices(WORDS, k=rng.randint(5, 14))
        kept = [word if rng.random() < 0.85 else rng.choice(WORDS) for word in gold]
        cut = rng.randint(0, 3)
        answer = kept[cut:] if request.param == "shorter" else kept + gold[:cut]
        predictions.append(" ".join(answer))
        references.append([" ".join(gold), " ".join(gold[1:])][: rng.randint(1, 2)])
    return predictions, references


def _golden(name: str) -> Any:
    return json.loads(gzip.decompress((GOLDEN / name).read_bytes()))


def _official(scores: dict[str, Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    em = np.array([float(bit) for bit in scores["em"]])
    f1 = np.array(scores["f1_values"])[scores["f1"]]
    return 100 * em, 100 * f1
