"""Optuna: each arm's best settings, found with the same budget and on validation items only.

One study per arm. Its trials are proposed by `samplers`, kept by `storage`, counted by `budget`,
trained and scored by `trial`; `worker` puts them together, and several workers may do so at once.
"""

from harness.search.results import missing_trials, tuning_of
from harness.search.space import check_space
from harness.search.storage import open_storage, storage_url, where_is
from harness.search.worker import ArmStudy, open_study, work_on

__all__ = [
    "ArmStudy",
    "check_space",
    "missing_trials",
    "open_storage",
    "open_study",
    "storage_url",
    "tuning_of",
    "where_is",
    "work_on",
]
