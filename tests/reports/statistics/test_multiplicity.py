from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from reports.statistics import benjamini_hochberg, holm

P = np.random.default_rng(1).random(20) ** 4


@pytest.mark.parametrize(("adjust", "name"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
def test_agrees_with_statsmodels(adjust, name: str) -> None:
    for p in (P, P[:1], np.array([0.04, 0.04, 0.01]), np.array([0.0, 1.0])):
        np.testing.assert_allclose(adjust(p), multipletests(p, method=name)[1], rtol=1e-12)


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_a_test_that_could_not_be_done_still_counts(adjust) -> None:
    adjusted = adjust([0.01, np.nan, 0.2])
    np.testing.assert_allclose(adjusted[[0, 2]], adjust([0.01, 1.0, 0.2])[[0, 2]])
    assert np.isnan(adjusted[1])


def test_no_tests() -> None:
    assert holm([]).shape == (0,)


@pytest.mark.parametrize("p", [[0.1, 1.2], [-0.1], [[0.1]]])
def test_wrong_input(p: list[float]) -> None:
    with pytest.raises(ValueError, match="p-values"):
        holm(p)
