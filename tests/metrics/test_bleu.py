"""Corpus BLEU against sacrebleu, and its linearisation against differences and the bootstrap."""

from __future__ import annotations

import json
import logging
from itertools import zip_longest

import numpy as np
import pytest
import sacrebleu
from sacrebleu.metrics import BLEU

from harness.metrics.bleu import (
    BLEU_COLUMNS,
    BLEU_SIGNATURE,
    bleu_contributions,
    bleu_counts,
    bleu_of_sums,
    bleu_score,
)


def test_invented_strings_score_as_by_sacrebleu(invented):
    _check_against_sacrebleu(invented.predictions, invented.references)


def test_squad_answers_score_as_by_sacrebleu(squad):
    _check_against_sacrebleu(squad.predictions, squad.references)


def test_sentences_score_as_by_sacrebleu(sentences):
    _check_against_sacrebleu(*sentences)


def test_counts_by_hand():
    # 13a splits the full stop off; of the two references the shorter is as close in length.
    counts = bleu_counts(["the cat the cat."], [["the cat sat.", "the dog, the old cat"]])
    named = dict(zip(BLEU_COLUMNS, counts[0], strict=True))
    assert [named[f"bleu_correct_{n}"] for n in (1, 2, 3, 4)] == [4, 1, 0, 0]
    assert [named[f"bleu_total_{n}"] for n in (1, 2, 3, 4)] == [5, 4, 3, 2]
    assert (named["bleu_sys_len"], named["bleu_ref_len"]) == (5, 4)


def test_items_without_references_are_unscored():
    counts = bleu_counts(["a b c d", "x"], [["a b c d"], []])
    assert np.isnan(counts[1]).all()
    assert not np.isnan(counts[0]).any()
    assert bleu_score(counts) == pytest.approx(100)
    np.testing.assert_allclose(bleu_contributions(counts), [100, np.nan])
    assert np.isnan(bleu_score(counts[1:]))
    assert np.isnan(bleu_contributions(counts[1:])).all()


def test_counting_warns_of_nothing(caplog):
    with caplog.at_level(logging.WARNING):
        bleu_counts(["", "a"], [["a"], ["a", "b"]])
    assert not caplog.records


def test_the_signature_is_that_of_default_sacrebleu():
    bleu = BLEU()
    bleu.corpus_score(["a", "b"], [["a", "b"], [None, "c"]])
    assert str(bleu.get_signature()) == BLEU_SIGNATURE
    assert "eff:no|tok:13a|smooth:exp" in BLEU_SIGNATURE


def test_weighted_rows_are_accepted(sentences):
    counts = bleu_counts(*sentences)
    assert bleu_score(counts * 0.3) == pytest.approx(bleu_score(counts), abs=0.02)


def test_contributions_have_the_corpus_score_as_mean(sentences):
    counts = bleu_counts(*sentences)
    counts[7] = np.nan
    contributions = bleu_contributions(counts)
    assert np.isnan(contributions[7])
    assert np.nanmean(contributions) == pytest.approx(bleu_score(counts), abs=1e-9)


def test_squad_contributions_have_the_corpus_score_as_mean(squad):
    counts = bleu_counts(squad.predictions, squad.references)
    contributions = bleu_contributions(counts)
    assert np.nanmean(contributions) == pytest.approx(bleu_score(counts), abs=1e-9)


def test_contributions_are_the_slopes_of_corpus_bleu(sentences):
    """Item i counted a little more or less moves BLEU by (contribution - BLEU) / n."""
    counts = bleu_counts(*sentences)
    score, copies = bleu_score(counts), 1e5
    slopes = np.empty(len(counts))
    for i, row in enumerate(counts):
        many = copies * counts.sum(axis=0, keepdims=True)
        slopes[i] = (bleu_score(many + row) - bleu_score(many - row)) / 2 * copies
    expected = (bleu_contributions(counts) - score) / len(counts)
    np.testing.assert_allclose(slopes, expected, rtol=1e-4, atol=1e-6)


def test_delta_method_agrees_with_sacrebleus_bootstrap(sentences, monkeypatch):
    _check_against_bootstrap(*sentences, monkeypatch)


def test_delta_method_agrees_with_sacrebleus_bootstrap_on_squad(squad, monkeypatch):
    answerable = [i for i, golds in enumerate(squad.references) if golds][:2000]
    _check_against_bootstrap(
        [squad.predictions[i] for i in answerable],
        [squad.references[i] for i in answerable],
        monkeypatch,
    )


def test_where_an_order_is_smoothed_only_its_total_has_a_slope(monkeypatch):
    # No 4-gram matches anywhere, so every resample is smoothed alike.
    rows = [
        ("a b c x y", "a b c d e"),
        ("a b c x y z w", "a b c d e f g"),
        ("u b c d v", "a b c d"),
    ]
    predictions, references = zip(*[(p, [r]) for p, r in rows * 100], strict=True)
    counts = bleu_counts(predictions, references)
    assert counts[:, 3].sum() == 0
    assert bleu_score(counts) > 0
    assert bleu_contributions(counts).mean() == pytest.approx(bleu_score(counts), abs=1e-9)
    _check_against_bootstrap(list(predictions), list(references), monkeypatch)


@pytest.mark.parametrize(
    "predictions",
    [
        ["", ""],
        ["v w x y z", "v w x y"],  # nothing matches
        ["a b c", "b c d"],  # everything matches, but there is no 4-gram to match
    ],
)
def test_where_bleu_is_zero_so_are_its_contributions(predictions):
    counts = bleu_counts(predictions, [["a b c d e"], ["b c d e"]])
    assert bleu_score(counts) == bleu_of_sums(counts.sum(axis=0)) == 0
    np.testing.assert_array_equal(bleu_contributions(counts), [0, 0])


@pytest.mark.parametrize("function", [bleu_score, bleu_contributions])
def test_a_wrong_shape_is_refused(function):
    with pytest.raises(ValueError, match=r"got shape \(3, 9\), need \(n_items, 10\)"):
        function(np.zeros((3, 9)))


def _check_against_sacrebleu(predictions, references):
    counts = bleu_counts(predictions, references)
    answerable = [i for i, golds in enumerate(references) if golds]
    scored = np.flatnonzero(~np.isnan(counts[:, 0]))
    assert scored.tolist() == answerable
    oracle = sacrebleu.corpus_bleu(
        [predictions[i] for i in answerable], _streams([references[i] for i in answerable])
    )
    assert bleu_score(counts) == pytest.approx(oracle.score, abs=1e-9)
    sums = np.nansum(counts, axis=0)
    assert bleu_of_sums(sums) == pytest.approx(oracle.score, abs=1e-9)
    assert sums.tolist() == [*oracle.counts, *oracle.totals, oracle.sys_len, oracle.ref_len]


def _check_against_bootstrap(predictions, references, monkeypatch):
    monkeypatch.setenv("SACREBLEU_SEED", "12345")
    bleu = BLEU()
    resampled = bleu.corpus_score(predictions, _streams(references), n_bootstrap=2000)
    half_width = json.loads(resampled.format(width=6, signature="s:s", is_json=True))
    contributions = bleu_contributions(bleu_counts(predictions, references))
    standard_error = contributions.std(ddof=1) / np.sqrt(len(contributions))
    assert standard_error == pytest.approx(half_width["confidence_var"] / 1.96, rel=0.1)


def _streams(references):
    """One list of references per rank, padded with None, as sacrebleu wants them."""
    return [list(stream) for stream in zip_longest(*references)]
