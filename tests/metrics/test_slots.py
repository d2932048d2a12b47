"""Slot error rate: counts by hand, by brute force, on rows of ViGGO, and its delta method."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metrics import corpus_scores, score_items, sign_of
from harness.metrics.slots import ser_contributions, ser_counts, ser_score, slots_of

VIGGO = Path(__file__).parents[3] / "shared" / "data" / "viggo"
DIRT = (
    "inform(name[Dirt: Showdown], release_year[2012], esrb[E 10+ (for Everyone 10 and Older)],"
    " genres[driving/racing, sport], platforms[PlayStation, Xbox, PC], available_on_steam[no],"
    " has_linux_release[no], has_mac_release[no])"
)
REQUEST = "request(release_year[2014], specifier[terrible])"


def test_slots_of_a_row_of_viggo():
    assert set(slots_of(DIRT)) == {
        ("name", "dirt: showdown"),
        ("release_year", "2012"),
        ("esrb", "e 10+ (for everyone 10 and older)"),
        ("genres", "driving/racing, sport"),
        ("platforms", "pc, playstation, xbox"),
        ("available_on_steam", "no"),
        ("has_linux_release", "no"),
        ("has_mac_release", "no"),
    }


@pytest.mark.parametrize(
    ("said", "reference", "errors", "slots"),
    [
        (DIRT, DIRT, 0, 8),
        (DIRT.replace("[PlayStation, Xbox, PC]", "[PC,  playstation, Xbox]"), DIRT, 0, 8),
        (DIRT.replace("driving/racing, ", ""), DIRT, 1, 8),  # one list, one wrong value
        (DIRT.replace(", has_mac_release[no]", ""), DIRT, 1, 8),
        (DIRT.replace("2012", "2013").replace("[no])", "[no], rating[good])"), DIRT, 2, 8),
        ("inform(release_year[2014], specifier[terrible])", REQUEST, 0, 2),  # the act is no slot
        ("request(release_year[2014], rating[terrible])", REQUEST, 2, 2),  # under another name
        ("request(release_year[2014], specifier[terr", REQUEST, 1, 2),  # cut off
        ("Were there even any terrible games in 2014?", REQUEST, 2, 2),
        ("", REQUEST, 2, 2),
        ("request(a[1], b[2], c[3])", REQUEST, 5, 2),  # more than all of it
        ("f(a[1], a[2], a[2])", "f(a[2], a[3])", 2, 2),
        ("request_attribute(esrb[])", "request_attribute(esrb[])", 0, 1),
        ("request_attribute(esrb[T])", "request_attribute(esrb[])", 1, 1),
    ],
)
def test_errors_counted_by_hand(said, reference, errors, slots):
    assert ser_counts([said], [[reference]]).tolist() == [[errors, slots]]


@pytest.mark.parametrize("reference", ["Denver Broncos", "f()", "a[b]", "f(a[b]) x", "f(a[b)"])
def test_what_is_no_meaning_representation_is_unscored(reference):
    assert np.isnan(ser_counts(["f(a[b])"], [[reference]])).all()
    assert np.isnan(ser_counts(["f(a[b])"], [[]])).all()
    assert ser_counts(["f(a[b])"], [[reference, "f(a[b])"]]).tolist() == [[0, 1]]


def test_the_reference_with_the_lowest_rate_counts():
    golds = ["f(a[1])", "f(a[2], b[2], c[2])"]
    assert ser_counts(["f(a[2], b[2])"], [golds]).tolist() == [[1, 3]]


PAIRS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("123")), max_size=4)


def cheapest(said: list[tuple[str, str]], true: list[tuple[str, str]]) -> int:
    """Fewest errors over all ways to set slots of one name against each other; none is a gap."""
    best = len(said) + len(true)
    for count in range(min(len(said), len(true)) + 1):
        for left in itertools.combinations(said, count):
            for right in itertools.permutations(true, count):
                if all(a[0] == b[0] for a, b in zip(left, right, strict=True)):
                    wrong = sum(a != b for a, b in zip(left, right, strict=True))
                    best = min(best, len(said) + len(true) - 2 * count + wrong)
    return best


@given(said=PAIRS, true=PAIRS.filter(len))
@settings(deadline=None, max_examples=150)
def test_errors_are_those_of_the_best_alignment(said, true):
    texts = [f"act({', '.join(f'{n}[{v}]' for n, v in pairs)})" for pairs in (said, true)]
    assert ser_counts(texts[:1], [texts[1:]]).tolist() == [[cheapest(said, true), len(true)]]


def test_rate_is_of_all_slots_and_its_slope_is_numerical():
    columns = np.array([[0.0, 8.0], [2.0, 2.0], [5.0, 2.0], [np.nan, np.nan], [1.0, 4.0]])
    assert ser_score(columns) == 50.0  # 8 of 16
    contributions = ser_contributions(columns)
    assert np.isnan(contributions[3])
    assert np.nanmean(contributions) == pytest.approx(50.0)
    kept = columns[[0, 1, 2, 4]]
    for item, value in enumerate(contributions[[0, 1, 2, 4]]):
        weights = np.ones((4, 1))
        weights[item] += 1e-6
        slope = (ser_score(kept * weights) - 50.0) / 1e-6
        assert value == pytest.approx(50.0 + 4 * slope, abs=1e-3)
    assert np.isnan(ser_score(np.empty((0, 2))))


def test_it_is_left_out_where_no_reference_is_a_meaning_representation():
    assert "ser" not in corpus_scores(score_items(["x"], [["x"]]))
    scores = corpus_scores(score_items(["x", "f(a[b])"], [["x"], ["f(a[c])"]]))
    assert scores["ser"] == 100.0
    assert np.isnan(corpus_scores(score_items(["x"], [["x"]]), ["ser"])["ser"])


def test_only_the_error_rate_is_turned_round():
    assert [sign_of(name) for name in ("em", "bleu", "rougeL", "ser")] == [1, 1, 1, -1]


@pytest.mark.skipif(not VIGGO.is_dir(), reason="the data set is not here")
@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_every_row_of_viggo_is_read(split):
    with (VIGGO / f"{split}.csv").open(newline="") as file:
        rows = [row["mr"] for row in csv.DictReader(file)]
    counts = ser_counts(rows, [[row] for row in rows])
    assert not counts[:, 0].any()
    assert counts[:, 1].tolist() == [row.count("[") for row in rows]
