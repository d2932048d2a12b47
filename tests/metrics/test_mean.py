"""The corpus score of metrics that are means."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from harness.metrics.mean import mean_contributions, mean_score


def test_unscored_items_are_left_out():
    assert mean_score(np.array([[100.0], [np.nan], [0.0], [50.0]])) == 50


@pytest.mark.parametrize("rows", [0, 3])
def test_nothing_scored_is_nan_without_a_warning(rows):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(mean_score(np.full((rows, 1), np.nan)))


def test_contributions_are_the_scores():
    np.testing.assert_array_equal(mean_contributions(np.array([[1.0], [np.nan]])), [1, np.nan])


@pytest.mark.parametrize("shape", [(4,), (4, 2)])
def test_a_wrong_shape_is_refused(shape):
    with pytest.raises(ValueError, match=r"need \(n_items, 1\)"):
        mean_score(np.zeros(shape))
