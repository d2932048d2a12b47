"""Statistics of paired, clustered, repeated differences: arrays in, frozen results out.

Imports only numpy and scipy.special, so that planning answers at once. Scores, arms and claims
are `reports.analysis`'s business.

To add a method: one pure function, one row in `METHODS`, golden values, the calibration test.
"""

from reports.statistics.exchangeability import Exchangeability, order_exchangeability
from reports.statistics.mcnemar import McNemar, mcnemar
from reports.statistics.multiplicity import benjamini_hochberg, holm
from reports.statistics.paired import (
    METHODS,
    Components,
    PairedDifference,
    Scope,
    paired_difference,
    test_against,
)
from reports.statistics.power import (
    CLUSTER_SD,
    ITEM_SD,
    SEED_SD,
    Needed,
    minimum_detectable_effect,
    needed_size,
)
from reports.statistics.sign_flip import SignFlip, sign_flip

__all__ = [
    "CLUSTER_SD",
    "ITEM_SD",
    "METHODS",
    "SEED_SD",
    "Components",
    "Exchangeability",
    "McNemar",
    "Needed",
    "PairedDifference",
    "Scope",
    "SignFlip",
    "benjamini_hochberg",
    "holm",
    "mcnemar",
    "minimum_detectable_effect",
    "needed_size",
    "order_exchangeability",
    "paired_difference",
    "sign_flip",
    "test_against",
]
