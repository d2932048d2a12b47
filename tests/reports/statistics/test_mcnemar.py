"""McNemar's test against statsmodels, and the mid-p by its definition."""

from __future__ import annotations

import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as reference

from reports.statistics.mcnemar import mcnemar

TABLES = [(0, 0), (1, 0), (0, 6), (5, 5), (12, 3), (3, 12), (40, 61), (500, 430)]


@pytest.mark.parametrize(("only_treatment", "only_control"), TABLES)
def test_exact_is_that_of_statsmodels(only_treatment: int, only_control: int) -> None:
    table = [[100, only_control], [only_treatment, 30]]
    expected = reference(table, exact=True).pvalue if only_treatment + only_control else 1.0
    assert mcnemar(only_treatment, only_control).exact == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("only_treatment", "only_control"), TABLES)
def test_mid_p_counts_half_of_the_observed_table(only_treatment: int, only_control: int) -> None:
    """P(as far from n / 2 or farther) less half of P(as far), as in Fagerland et al. 2013."""
    n = only_treatment + only_control
    binomial = stats.binom(n, 0.5)
    far = abs(only_treatment - n / 2)
    chances = {x: float(binomial.pmf(x)) for x in range(n + 1)}
    beyond = sum(chance for x, chance in chances.items() if abs(x - n / 2) > far)
    as_far = sum(chance for x, chance in chances.items() if abs(x - n / 2) == far)
    found = mcnemar(only_treatment, only_control).mid_p
    assert found == pytest.approx(beyond + as_far / 2, rel=1e-9)


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="counts of items"):
        mcnemar(-1, 2)
