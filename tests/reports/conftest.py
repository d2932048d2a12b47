"""Invented runs through the real plan, so that reports can be tested without a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from harness.experiment import Experiment, Plan, load_experiment, make_plan
from harness.results import RunRecord

QUICKSTART = Path(__file__).parents[2] / "experiments/quickstart.yaml"
N_ARTICLES, PER_ARTICLE = 25, 8

MakeRecord = Callable[..., RunRecord]


@pytest.fixture
def plan() -> Plan:
    return make_plan(load_experiment(QUICKSTART))


@pytest.fixture
def make_experiment() -> Callable[..., Plan]:
    """A plan of the quickstart's experiment with other top-level entries."""

    def make(**changes: Any) -> Plan:
        tree = load_experiment(QUICKSTART).model_dump() | changes
        return make_plan(Experiment.model_validate(tree))

    return make


def predictions(
    share: float, rng: np.random.Generator, *, n_articles: int = N_ARTICLES
) -> pd.DataFrame:
    """Answers of five words of which about `share` are right; some others share three words.

    How hard an item is does not depend on the run, as with real models.
    """
    article = np.repeat(np.arange(n_articles), PER_ARTICLE)
    n_items = len(article)
    items = np.random.default_rng(5)
    hardness = items.normal(0, 0.25, n_articles)[article] + items.normal(0, 0.9, n_items)
    luck = rng.normal(0, 0.1, n_items) + rng.normal(0, 0.01)
    right = hardness + luck < norm.ppf(share)
    near = items.random(n_items) < 0.3
    gold = [f"in year {i} at mola{i}" for i in range(n_items)]
    wrong = [f"in year {i} by tarn{i}" if n else f"near vesh{i} town" for i, n in enumerate(near)]
    return pd.DataFrame(
        {
            "item": [f"q{i}" for i in range(n_items)],
            "title": [f"Region {a}" for a in article],
            "context": [f"Paragraph {i // 4}" for i in range(n_items)],
            "references": [[text] for text in gold],
            "prompt": ["question: …"] * n_items,
            "prediction": [g if r else w for g, w, r in zip(gold, wrong, right, strict=True)],
            "prompt_tokens": 60,
            "new_tokens": 5,
        }
    )


def records_of(
    plan: Plan,
    shares: Mapping[str, float],
    *,
    n_articles: int = N_ARTICLES,
    without: Sequence[tuple[str, int]] = (),
) -> list[RunRecord]:
    """One finished run per planned one; those in `without` failed instead."""
    records = []
    for place, run in enumerate(plan.runs):
        arm, seed = run.arm.name, run.seed
        if (arm, seed) in without:
            reason = "out of memory in a test"
            records.append(RunRecord(arm, seed, "failed", f"{place:064x}", reason=reason))
            continue
        rng = np.random.default_rng([11, place])
        costs = {
            "parameters": 525_000.0,
            "trainable_parameters": 36_864.0,
            "footprint_mb": 0.9 if "nf4" in arm else 2.1,
            "peak_memory_mb": 612.0,
            "train_seconds": 11.4 + rng.random(),
            "train_tokens_per_second": 5210.0 + place,
            "generate_seconds": 2.3,
            "generate_tokens_per_second": 890.0,
            "prompts_cut": 0.0,
            "questions_cut": 0.0,
            "targets_cut": 0.0,
        }
        table = predictions(shares[arm], rng, n_articles=n_articles)
        run_id = f"{place:032x}"
        fingerprint = f"{place + 10**9:064x}"[::-1]
        records.append(
            RunRecord(
                arm,
                seed,
                "finished",
                fingerprint,
                run_id=run_id,
                metrics=costs,
                predictions=table,
            )
        )
    return records


QUICKSTART_SHARES = {
    "question / full": 0.14,
    "question / nf4": 0.14,
    "question+context / full": 0.84,
    "question+context / nf4": 0.84,
}


@pytest.fixture
def records(plan: Plan) -> list[RunRecord]:
    return records_of(plan, QUICKSTART_SHARES)


@pytest.fixture(name="records_of")
def records_of_fixture() -> Callable[..., list[RunRecord]]:
    return records_of
