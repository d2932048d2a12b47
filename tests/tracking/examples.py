"""A made-up experiment and results, for all tests of tracking."""

from __future__ import annotations

from typing import Any

import pandas as pd

from harness.experiment import Plan
from harness.tracking import Ablation

EXPERIMENT: dict[str, Any] = {
    "name": "made-up",
    "question": "Does it help?",
    "base": {
        "data": {"source": "invented", "train": {"split": "train"}, "test": {"split": "test"}},
        "prompt": {"template": "question: {question}"},
        "model": {"name": "tiny", "adapter": {"kind": "lora", "r": 4}},
    },
    "factors": {
        "context": {
            "control": {"question": {}},
            "treatments": {"question+context": {"prompt.template": "{context} {question}"}},
        },
        "precision": {"control": {"full": {}}, "treatments": {"nf4": {"model.precision": "nf4"}}},
    },
    "seeds": [0, 1],
}
METRICS = {"em": 12.5, "f1": 34.25, "train_seconds": 1.5, "parameters": 500_000.0}


def predictions() -> pd.DataFrame:
    """Items with everything that a text file could mangle."""
    return pd.DataFrame(
        {
            "item": ["a", "b", "c"],
            "title": ["Zürich", "", "東京"],
            "references": [["one", "two"], [], ["naïve – 🙂"]],
            "prompt": ["question: who?", 'with "quotes", commas\nand lines', "nul \x00, tab \t"],
            "prediction": ["", " spaces ", "東京 🙂"],
            "prompt_tokens": [3, 4, 5],
            "new_tokens": [0, 1, 2],
        }
    )


def finish_one(ablation: Ablation, plan: Plan, index: int = 0, **options: Any) -> str:
    with ablation.run(plan.runs[index]) as run:
        run.finish(METRICS, predictions(), **options)
    return run.run_id
