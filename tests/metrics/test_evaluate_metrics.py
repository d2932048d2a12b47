"""The metrics as evaluate.Metric objects, without a network."""

from __future__ import annotations

import pytest

from harness.metrics import METRICS, corpus_scores, score_items

PREDICTIONS = ["", "the cat sat on it", "x y"]
REFERENCES = [[], ["cat sat on it", "dog"], ["y"]]


@pytest.fixture(scope="module")
def adapter():
    from harness.metrics import evaluate_metrics  # seconds: only when these tests run

    return evaluate_metrics


def test_combined_metrics_give_our_corpus_scores(adapter):
    import evaluate

    combined = evaluate.combine([adapter.load_metric(name) for name in METRICS])
    scores = combined.compute(predictions=PREDICTIONS, references=REFERENCES)
    expected = corpus_scores(score_items(PREDICTIONS, REFERENCES), list(METRICS))
    assert scores == pytest.approx(expected, abs=0, nan_ok=True)


def test_batches_added_one_by_one_are_scored_as_one(adapter):
    """v2.0's rule has to hold for items that were added before the unanswerable one."""
    metric = adapter.load_metric("f1")
    metric.add(prediction="the", reference=["a"])
    metric.add_batch(predictions=["x"], references=[[]])
    assert metric.compute() == {"f1": 50}


def test_a_metric_says_what_it_is(adapter):
    metric = adapter.load_metric("bleu")
    assert metric.name == "bleu"
    assert METRICS["bleu"].signature in metric.description


def test_an_unknown_name_is_refused(adapter):
    with pytest.raises(ValueError, match=r"'squad' is unknown; allowed: \['em'"):
        adapter.load_metric("squad")
