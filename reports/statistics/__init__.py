"""Statistics of paired, clustered, repeated differences: arrays in, frozen results out.

Imports only numpy and scipy.special, so that planning answers at once. Scores, arms and claims
are `reports.analysis`'s business.

To add a method: one pure function, one row in `METHODS`, golden values, the calibration test.
"""

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

__all__ = [
    "CLUSTER_SD",
    "ITEM_SD",
    "METHODS",
    "SEED_SD",
    "Components",
    "Needed",
    "PairedDifference",
    "Scope",
    "benjamini_hochberg",
    "holm",
    "minimum_detectable_effect",
    "needed_size",
    "paired_difference",
    "test_against",
]
