"""ROUGE against rouge_score, asked for one reference at a time."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer

from harness.metrics.rouge import ROUGE_SIGNATURE, rouge1, rouge2, rouge_l

SCORERS = {"rouge1": rouge1, "rouge2": rouge2, "rougeL": rouge_l}


def test_invented_strings_score_as_by_rouge_score(invented):
    _check_against_rouge_score(invented.predictions, invented.references)


def test_squad_answers_score_as_by_rouge_score(squad):
    _check_against_rouge_score(squad.predictions, squad.references)


def test_sentences_score_as_by_rouge_score(sentences):
    _check_against_rouge_score(*sentences)


@pytest.mark.parametrize(
    ("score", "prediction", "reference", "expected"),
    [
        (rouge1, "cats sat on", "On cat sat!", 100 * 2 / 3),  # 2 of 3 words: no stemming
        (rouge2, "cats sat on", "the cats sat there", 100 * 2 / 5),  # 1 pair of 2 and of 3
        (rouge_l, "sat on mats", "on cat sat mats there", 50),  # 2 in order, of 3 and of 5
    ],
)
def test_by_hand(score, prediction, reference, expected):
    assert score([prediction], [[reference]])[0, 0] == pytest.approx(expected)


@pytest.mark.parametrize("score", SCORERS.values())
def test_items_without_references_are_unscored(score):
    scores = score(["the cat", "the cat", ""], [["the cat"], [], ["the cat"]])
    np.testing.assert_array_equal(scores, [[100], [np.nan], [0]])


def test_each_variant_has_its_own_best_reference():
    references = [["b a c d", "a b x y z w"]]
    assert rouge1(["a b c d"], references)[0, 0] == 100
    assert rouge2(["a b c d"], references)[0, 0] == pytest.approx(100 / 3)
    assert rouge2(["a b q r"], references)[0, 0] == pytest.approx(25)


def test_the_signature_names_what_changes_scores():
    assert "stemmer:no" in ROUGE_SIGNATURE
    assert f"version:{version('rouge_score')}" in ROUGE_SIGNATURE


def _check_against_rouge_score(predictions, references):
    oracle = RougeScorer(list(SCORERS), use_stemmer=False)
    ours = np.hstack([score(predictions, references) for score in SCORERS.values()])
    expected = np.full(ours.shape, np.nan)
    for i, (prediction, golds) in enumerate(zip(predictions, references, strict=True)):
        each = [oracle.score(gold, prediction) for gold in golds]
        for k, variant in enumerate(SCORERS):
            if each:
                expected[i, k] = 100 * max(scores[variant].fmeasure for scores in each)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-9)
