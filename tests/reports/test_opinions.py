"""Second opinions: which tests are made of which comparisons, against scipy and statsmodels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as reference

from harness.experiment import Plan
from harness.results import RunRecord
from reports.opinions import Opinion, second_opinions
from reports.scores import ScoreTable
from reports.study import study_of

N_ITEMS, N_TITLES = 60, 6
AXIS = {"precision": {"control": {"full": {}}, "treatments": {"nf4": {"model.precision": "nf4"}}}}
Ask = Callable[..., tuple[Opinion, ...]]


def right(arm: str, seed: int) -> np.ndarray:
    """Which items a run answers correctly, shape (n_items,)."""
    rng = np.random.default_rng([seed, arm == "full"])
    return rng.random(N_ITEMS) < (0.8 if arm == "full" else 0.55)


@pytest.fixture
def ask(make_experiment: Callable[..., Plan]) -> Ask:
    def ask(
        hypothesis: dict[str, object],
        seeds: tuple[int, ...],
        clusters: bool,
        tests: list[str] | None = None,
        words: int = 1,
    ):
        hypotheses = [{"factor": "precision", **hypothesis}]
        analysis = {"hypotheses": hypotheses} | ({"second_opinions": tests} if tests else {})
        plan = make_experiment(factors=AXIS, seeds=seeds, analysis=analysis)
        records = []
        for run in plan.runs:
            answers = right(run.arm.name, run.seed)
            table = pd.DataFrame(
                {
                    "item": [f"q{i}" for i in range(N_ITEMS)],
                    "title": [f"t{i % N_TITLES}" for i in range(N_ITEMS)],
                    "references": [[f"mola{i} " * words] for i in range(N_ITEMS)],
                    "prediction": [
                        (f"mola{i} " if ok else "tarn ") * words for i, ok in enumerate(answers)
                    ],
                }
            )
            table = table if clusters else table.drop(columns="title")
            records.append(RunRecord(run.arm.name, run.seed, "finished", "f", predictions=table))
        scores = ScoreTable.from_records(records, study_of(plan), ("title",) if clusters else ())
        return second_opinions(study_of(plan), scores, np.random.default_rng(0))

    return ask


def flips(seeds: tuple[int, ...], null: float) -> float:
    """By scipy: titles have equal sizes, so their means are flipped as their sums are."""
    differences = np.mean([100.0 * right("nf4", s) - 100.0 * right("full", s) for s in seeds], 0)
    means = np.array([differences[t::N_TITLES].mean() for t in range(N_TITLES)])
    return stats.permutation_test(
        (means - null,), np.mean, permutation_type="samples", n_resamples=np.inf
    ).pvalue


@pytest.mark.parametrize(
    ("hypothesis", "nulls"),
    [
        ({"claim": "different", "metric": "f1"}, (0.0,)),
        ({"claim": "non_inferior", "metric": "em", "margin": 20}, (-20.0,)),
        ({"claim": "equivalent", "metric": "f1", "margin": 30}, (-30.0, 30.0)),
    ],
)
def test_titles_are_flipped_against_what_is_claimed(
    ask: Ask, hypothesis: dict[str, object], nulls: tuple[float, ...]
) -> None:
    (opinion,) = ask(hypothesis, (0, 1), True)
    assert opinion.test.startswith("sign flips of titles (all)")
    assert (
        opinion.test[26:]
        == {
            "different": "",
            "non_inferior": ", against −20.0",
            "equivalent": ", against −30.0 and +30.0",
        }[str(hypothesis["claim"])]
    )
    assert opinion.p_value == pytest.approx(max(flips((0, 1), null) for null in nulls))


def test_mcnemar_is_for_em_of_independent_items_and_one_seed(ask: Ask) -> None:
    claim = {"claim": "different", "metric": "em"}
    full, nf4 = right("full", 3), right("nf4", 3)
    table = [[0, (full & ~nf4).sum()], [(nf4 & ~full).sum(), 0]]
    by_test = {one.test: one.p_value for one in ask(claim, (3,), False)}
    assert list(by_test) == [
        "sign flips of items (9,999 random)",
        "McNemar, exact",
        "McNemar, mid-p",
    ]
    assert by_test["McNemar, exact"] == pytest.approx(reference(table, exact=True).pvalue)
    assert by_test["McNemar, mid-p"] < by_test["McNemar, exact"]
    for hypothesis, seeds, clusters in (
        (claim, (3, 4), False),
        (claim, (3,), True),
        ({"claim": "different", "metric": "f1"}, (3,), False),
        ({"claim": "non_inferior", "metric": "em", "margin": 5}, (3,), False),
    ):
        assert len(ask(hypothesis, seeds, clusters)) == 1


def test_wilcoxon_is_for_those_who_ask(ask: Ask) -> None:
    claim = {"claim": "non_inferior", "metric": "em", "margin": 20}
    by_test = {o.test: o.p_value for o in ask(claim, (0, 1), True, ["wilcoxon"])}
    differences = np.mean([100.0 * right("nf4", s) - 100.0 * right("full", s) for s in (0, 1)], 0)
    means = np.array([differences[t::N_TITLES].mean() for t in range(N_TITLES)])
    every = stats.PermutationMethod(n_resamples=np.inf)  # its exact method knows no ties
    expected = stats.wilcoxon(means + 20, zero_method="pratt", method=every).pvalue
    assert by_test == {
        "Wilcoxon signed ranks of the means of titles (exact), against −20.0": pytest.approx(
            expected
        )
    }


def test_bleu_is_resampled_as_a_corpus_score(ask: Ask) -> None:
    """Of answers of four words or none, so that BLEU comes from the share that is right."""
    claim = {"claim": "better", "metric": "bleu"}
    bootstrap, swaps = ask(claim, (0,), False, words=4)
    assert bootstrap.test.startswith("bootstrap of items, 10,000 draws (95% interval −")
    assert swaps.test == "swaps of items between arms (9,999 random)"
    exact = reference(
        [[0, (right("full", 0) & ~right("nf4", 0)).sum()],
         [(right("nf4", 0) & ~right("full", 0)).sum(), 0]], exact=True,
    ).pvalue  # fmt: skip
    assert swaps.p_value == pytest.approx(exact, abs=0.02)
    assert bootstrap.p_value == pytest.approx(exact, abs=0.04)
    by_title = ask(claim, (0, 1), True, words=4)
    assert [o.test.split(" (")[0] for o in by_title][1] == "swaps of titles between arms"
    assert ask({**claim, "claim": "equivalent", "margin": 3}, (0,), False, words=4) == ()
