"""What every metric in METRICS has to keep, and the functions over the whole table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import harness.metrics
from harness.experiment.names import LOWER_IS_BETTER, MetricName, ValidationMetric
from harness.metrics import METRICS, corpus_scores, score_items

TEXT = st.one_of(
    st.lists(st.sampled_from(["the", "cat", "Cat", "sat", "on", "é", "."]), max_size=7).map(
        " ".join
    ),
    st.text(max_size=10),
    st.sampled_from(["f(a[b])", "f(a[b], c[the cat])", "f(a[])", "f(a[b"]),
)
ITEMS = st.lists(st.tuples(TEXT, st.lists(TEXT, max_size=3)), min_size=1, max_size=8)
each_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))


def test_names_and_order():
    assert list(METRICS) == ["em", "f1", "bleu", "rouge1", "rouge2", "rougeL", "ser"]
    assert all(name == metric.name for name, metric in METRICS.items())
    assert [m.label for m in METRICS.values()] == [
        "EM",
        "F1",
        "BLEU",
        "ROUGE-1",
        "ROUGE-2",
        "ROUGE-L",
        "SER",
    ]
    assert {name for name, metric in METRICS.items() if metric.lower_is_better} == (
        LOWER_IS_BETTER - {"validation_loss"}
    )
    assert get_args(MetricName) == tuple(METRICS)
    assert get_args(ValidationMetric) == ("validation_loss", *METRICS)
    assert METRICS["em"].columns == ("em",)
    assert METRICS["bleu"].columns == (
        *("bleu_correct_1", "bleu_correct_2", "bleu_correct_3", "bleu_correct_4"),
        *("bleu_total_1", "bleu_total_2", "bleu_total_3", "bleu_total_4"),
        *("bleu_sys_len", "bleu_ref_len"),
    )
    columns = [column for metric in METRICS.values() for column in metric.columns]
    assert len(columns) == len(set(columns))
    assert set(harness.metrics.__all__) <= set(dir(harness.metrics))


@each_metric
@given(items=ITEMS, rng=st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_every_metric_keeps_the_contract(metric, items, rng):
    predictions, references = zip(*items, strict=True)
    scores = metric.score(predictions, references)
    assert scores.shape == (len(items), len(metric.columns))
    assert scores.dtype == np.float64
    shuffled = [rng.sample([*golds, *golds], 2 * len(golds)) for golds in references]
    np.testing.assert_array_equal(scores, metric.score(predictions, shuffled))

    unscored = np.isnan(scores)
    assert (unscored.any(axis=1) == unscored.all(axis=1)).all()
    answerable = np.array([bool(golds) for golds in references])
    if metric.needs:
        answerable &= np.array([any(gold.endswith("])") for gold in golds) for golds in references])
    if metric.name not in ("em", "f1"):
        assert (unscored[:, 0] == ~answerable).all()
    corpus, contributions = metric.corpus(scores), metric.contributions(scores)
    assert contributions.shape == (len(items),)
    np.testing.assert_array_equal(np.isnan(contributions), unscored[:, 0])
    if unscored.all():
        assert np.isnan(corpus)
    else:
        assert -1e-9 <= corpus <= metric.highest + 1e-9
        assert np.nanmean(contributions) == pytest.approx(corpus, abs=1e-9)


@each_metric
def test_a_perfect_system_has_the_best_score(metric):
    golds = ["the cat sat on it", "one two three four five"]
    if metric.needs:
        golds = ["inform(name[the cat], seat[it])", "request(number[five])"]
    best = 0 if metric.lower_is_better else 100
    assert metric.corpus(metric.score(golds, [[gold] for gold in golds])) == pytest.approx(best)


@each_metric
def test_an_empty_batch_is_unscored(metric):
    scores = metric.score([], [])
    assert scores.shape == (0, len(metric.columns))
    assert np.isnan(metric.corpus(scores))


@each_metric
def test_scores_are_the_callers_own(metric):
    """The metrics of a family share work; writing into one's result must not reach the next."""
    text = "f(a[b c d])"
    metric.score([text], [[text]])[:] = -1
    assert (metric.score([text], [[text]]) >= 0).all()


def test_score_items_gives_the_columns_of_the_metrics_in_turn():
    predictions, references = ["the cat", "x", ""], [["cat"], ["y", "x z"], []]
    columns = score_items(predictions, references)
    assert list(columns) == [c for metric in METRICS.values() for c in metric.columns]
    for metric in METRICS.values():
        scores = metric.score(predictions, references)
        for k, column in enumerate(metric.columns):
            np.testing.assert_array_equal(columns[column], scores[:, k])
    assert list(score_items(predictions, references, ["f1", "em"])) == ["f1", "em"]


def test_corpus_scores_are_those_of_the_metrics():
    columns = score_items(["The cat sat black now"], [["black now cat sat"]])
    scores = corpus_scores(columns)
    bleu = 100 * (4 / 5 * 2 / 4 * 1 / (2 * 3) * 1 / (4 * 2)) ** (1 / 4)  # two orders smoothed
    rouge = {"rouge1": 800 / 9, "rouge2": 400 / 7, "rougeL": 400 / 9}
    assert scores == pytest.approx({"em": 0, "f1": 100, "bleu": bleu, **rouge})
    assert list(scores) == [name for name, metric in METRICS.items() if not metric.needs]
    assert list(corpus_scores(columns, ["f1", "em"])) == ["f1", "em"]


def test_corpus_scores_by_default_are_of_the_metrics_that_have_columns():
    columns = score_items(["x"], [["x"]], ["f1"])
    assert corpus_scores({**columns, "item": np.array([7.0])}) == {"f1": 100}
    part = score_items(["x"], [["x"]], ["bleu"])
    del part["bleu_ref_len"]
    with pytest.raises(ValueError, match=r"'bleu': columns \['bleu_ref_len'\] are missing"):
        corpus_scores(part)


def test_an_unknown_metric_is_named_with_the_nearest_one():
    with pytest.raises(ValueError, match=r"'rouge-l' is unknown; allowed: .*nearest: 'rouge"):
        score_items(["x"], [["x"]], ["rouge-l"])


def test_importing_the_package_is_light():
    heavy = {"torch", "mlflow", "django", "transformers", "evaluate", "datasets", "nltk", "pandas"}
    code = "import sys, harness.metrics; print(*sys.modules)"
    root = Path(harness.__file__).parents[1]
    imported = subprocess.check_output([sys.executable, "-c", code], cwd=root, text=True).split()
    assert "harness.metrics" in imported
    assert not heavy & set(imported)
