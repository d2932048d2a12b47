"""Statistics of paired, clustered, repeated differences: arrays in, frozen results out.

Imports only numpy and scipy.special until a test needs more, so that planning answers at once.
Scores, arms and claims are `reports.analysis`'s business.

To add a method: one pure function, one row in `METHODS`, golden values, the calibration test.
"""

from reports.statistics.budget import (
    ExpectedBest,
    best_so_far,
    expected_best,
    expected_best_difference,
)
from reports.statistics.corpus import (
    ApproximateRandomization,
    Corpus,
    CorpusBootstrap,
    approximate_randomization,
    paired_bootstrap,
)
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
    Variances,
    assumed_variances,
    detectable_effect,
    measured_variances,
    minimum_detectable_effect,
    needed_size,
    required_size,
)
from reports.statistics.preference import Preference, preference
from reports.statistics.sequential import FIRST_LOOK, LAST_WEIGHT, Look, looks
from reports.statistics.sign_flip import SignFlip, sign_flip
from reports.statistics.wilcoxon import Wilcoxon, wilcoxon

__all__ = [
    "CLUSTER_SD",
    "FIRST_LOOK",
    "ITEM_SD",
    "LAST_WEIGHT",
    "METHODS",
    "SEED_SD",
    "ApproximateRandomization",
    "Components",
    "Corpus",
    "CorpusBootstrap",
    "Exchangeability",
    "ExpectedBest",
    "Look",
    "McNemar",
    "Needed",
    "PairedDifference",
    "Preference",
    "Scope",
    "SignFlip",
    "Variances",
    "Wilcoxon",
    "approximate_randomization",
    "assumed_variances",
    "benjamini_hochberg",
    "best_so_far",
    "detectable_effect",
    "expected_best",
    "expected_best_difference",
    "holm",
    "looks",
    "mcnemar",
    "measured_variances",
    "minimum_detectable_effect",
    "needed_size",
    "order_exchangeability",
    "paired_bootstrap",
    "paired_difference",
    "preference",
    "required_size",
    "sign_flip",
    "test_against",
    "wilcoxon",
]
