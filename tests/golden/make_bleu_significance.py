"""Make bleu_significance.json: sacrebleu's paired tests of two systems' real answers.

Not part of the tests and not needed by them. It takes the `predictions.parquet` of two runs, the
treatment's first, and a sentence about what they are::

    python tests/golden/make_bleu_significance.py TREATMENT CONTROL "what they are" \
        > tests/golden/bleu_significance.json

The oracle is sacrebleu: what `sacrebleu.significance.PairedTest` reports, and, since it reports no
interval of the difference, the resampled scores that its `_bootstrap_resample` gives for both
systems from the same draws. Of the answers nothing is kept but counts of n-grams: their references
are SQuAD's (CC BY-SA 4.0, Rajpurkar et al. 2016), which is not part of this project.
"""

from __future__ import annotations

import json
import os
import sys
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pandas as pd
import sacrebleu
from sacrebleu.metrics.bleu import BLEU, BLEUScore
from sacrebleu.significance import PairedTest, Result, _bootstrap_resample

N_RESAMPLES = 50_000
N_SWAPS = 50_000
SEED = "12345"


def paired(
    systems: list[tuple[str, list[str]]], streams: list[list[str | None]], kind: str, n: int
) -> list[Result]:
    """Control and treatment, as PairedTest reports them; the control is its baseline."""
    found = PairedTest(systems, {"BLEU": BLEU()}, streams, test_type=kind, n_samples=n)()[1]
    return found["BLEU"]


def resampled(counts: np.ndarray) -> np.ndarray:
    scores = _bootstrap_resample(counts.tolist(), BLEU(), N_RESAMPLES)[1]
    return np.array([score.score for score in scores if isinstance(score, BLEUScore)])


def main(treatment: Path, control: Path, what: str) -> None:
    os.environ["SACREBLEU_SEED"] = SEED
    one, two = (pd.read_parquet(path).set_index("item") for path in (treatment, control))
    two = two.loc[one.index]
    streams = [list(stream) for stream in zip_longest(*one["references"])]
    answers = {"control": list(two["prediction"]), "treatment": list(one["prediction"])}
    # of each item: length of the answer and of the reference, 4 matches, 4 totals
    counts = {
        name: np.array(BLEU()._extract_corpus_statistics(texts, streams), dtype=int)
        for name, texts in answers.items()
    }
    bootstrap = paired(list(answers.items()), streams, "bs", N_RESAMPLES)
    swaps = paired(list(answers.items()), streams, "ar", N_SWAPS)
    by_system = {name: resampled(of) for name, of in counts.items()}
    differences = by_system["treatment"] - by_system["control"]
    observed = bootstrap[1].score - bootstrap[0].score
    # PairedTest's own p-value from these very scores: the draws are the same
    centred = np.abs(differences) - np.abs(differences).mean()
    again = ((centred > abs(observed)).sum() + 1) / (N_RESAMPLES + 1)
    assert again == bootstrap[1].p_value, (again, bootstrap[1].p_value)
    away = np.abs(differences - differences.mean())
    text = json.dumps(
        {
            "made_with": {"sacrebleu": sacrebleu.__version__, "SACREBLEU_SEED": SEED},
            "systems": what,
            "n_resamples": N_RESAMPLES,
            "n_swaps": N_SWAPS,
            "score": {name: result.score for name, result in zip(answers, bootstrap, strict=True)},
            "half_interval": {
                name: float(result.ci) for name, result in zip(answers, bootstrap, strict=True)
            },
            "bootstrap_p": bootstrap[1].p_value,
            "randomization_p": swaps[1].p_value,
            "difference_sd": float(differences.std(ddof=1)),
            "difference_interval": np.quantile(differences, [0.025, 0.975]).tolist(),
            "difference_p_two_sided": float((away >= abs(observed)).mean()),
            # in the order of harness.metrics.bleu.BLEU_COLUMNS
            "counts": {name: of[:, [*range(2, 10), 0, 1]].tolist() for name, of in counts.items()},
        },
        separators=(",", ":"),
    )
    print(text.replace('"counts"', '\n"counts"').replace("]],", "]],\n"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
