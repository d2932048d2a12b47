"""EM and F1 against the official SQuAD evaluation, and against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metrics.squad import exact_match, f1, normalise

ANSWER = st.one_of(
    st.lists(
        st.sampled_from(["the", "a", "cat", "Cat", "sat.", "-", "é", "北京", "1,000"]), max_size=5
    ).map(" ".join),
    st.text(max_size=12),
)
ANSWERED = st.lists(st.tuples(ANSWER, st.lists(ANSWER, min_size=1, max_size=4)), min_size=1)


def test_invented_strings_score_as_officially(invented):
    em, words = _scores(invented.predictions, invented.references)
    np.testing.assert_allclose(em, invented.em, rtol=0, atol=1e-9)
    np.testing.assert_allclose(words, invented.f1, rtol=0, atol=1e-9)


def test_squad_answers_score_as_officially(squad):
    em, words = _scores(squad.predictions, squad.references)
    np.testing.assert_allclose(em, squad.em, rtol=0, atol=1e-9)
    np.testing.assert_allclose(words, squad.f1, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The  Cat!", "cat"),
        ("the-end", "theend"),  # punctuation goes before articles are looked for
        ("the end", "end"),
        ("an other's a", "others"),
        ("theatre", "theatre"),
        ("the–cat", "–cat"),  # a dash outside ASCII stays, and ends the word before it
        ("«the»", "« »"),  # an article leaves a space
        ("A", ""),
        (" \n\u00a0", ""),
        ("ÉCOLE", "école"),
    ],
)
def test_normalise(text, expected):
    assert normalise(text) == expected


@pytest.mark.parametrize(
    ("prediction", "references", "em", "words"),
    [
        ("the cat", ["cat"], 100, 100),
        ("black cat", ["cat"], 0, 200 / 3),
        ("cat cat", ["cat"], 0, 200 / 3),  # a word is shared as often as both have it
        ("cat cat dog", ["cat cat sat"], 0, 200 / 3),
        ("cat", ["dog", "black cat sat"], 0, 50),
        ("", ["cat"], 0, 0),
        ("the", ["a"], 100, 0),  # both empty once normalised: v1.1's odd corner
        ("", ["the", "cat"], 100, 0),
    ],
)
def test_all_answerable_is_v1(prediction, references, em, words):
    assert _scores([prediction], [references]) == (pytest.approx(em), pytest.approx(words))


@pytest.mark.parametrize(
    ("prediction", "references", "em", "words"),
    [
        ("", [], 100, 100),
        ("the", [], 100, 100),
        ("cat", [], 0, 0),
        ("the", ["a"], 100, 100),  # the reference is nothing, so nothing is right
        ("", ["the", "cat"], 0, 0),  # the empty reference is dropped, the other counts
        ("black cat", ["cat"], 0, 200 / 3),
    ],
)
def test_one_unanswerable_item_makes_it_v2_for_all(prediction, references, em, words):
    scores = _scores([prediction, "x"], [references, []])
    assert (scores[0][0], scores[1][0]) == (pytest.approx(em), pytest.approx(words))


@given(ANSWERED, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_references_does_not_matter(items, rng):
    predictions, references = zip(*items, strict=True)
    shuffled = [rng.sample(golds, len(golds)) for golds in references]
    np.testing.assert_array_equal(_scores(predictions, references), _scores(predictions, shuffled))


@given(ANSWERED, ANSWER)
@settings(deadline=None)
def test_one_more_reference_never_lowers_a_score(items, extra):
    predictions, references = zip(*items, strict=True)
    em, words = _scores(predictions, references)
    more_em, more_words = _scores(predictions, [[*golds, extra] for golds in references])
    assert (more_em >= em).all()
    assert (more_words >= words).all()


@given(ANSWERED, st.booleans())
@settings(deadline=None)
def test_em_is_0_or_100_and_never_above_f1_but_for_empty_answers_in_v1(items, v2):
    predictions, references = map(list, zip(*items, strict=True))
    if v2:
        predictions, references = [*predictions, ""], [*references, []]
    em, words = _scores(predictions, references)
    assert set(em) <= {0, 100}
    assert ((words >= 0) & (words <= 100)).all()
    empty = np.array([not normalise(prediction) for prediction in predictions])
    assert (em <= words)[~empty | v2].all()


def _scores(predictions, references):
    em, words = exact_match(predictions, references), f1(predictions, references)
    assert em.shape == words.shape == (len(predictions), 1)
    return em[:, 0], words[:, 0]
