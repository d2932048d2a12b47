"""Optuna: each arm's best settings, found with the same budget and on validation items only.

One study per arm. Its trials are proposed by `samplers`, kept by `storage`, counted by `budget`,
taken by `worker` (any number of them at once), and trained and scored by `attempts`.
"""

from harness.search.attempts import Attempts, logged_name, metric_name
from harness.search.findings import findings_of_finished
from harness.search.results import arm_tuning, tuning_of
from harness.search.space import check_space
from harness.search.storage import open_storage, storage_url, where_is
from harness.search.studies import check_apart, found_tuning, metric_of, studies_of
from harness.search.worker import ArmStudy, work_on

__all__ = [
    "ArmStudy",
    "Attempts",
    "arm_tuning",
    "check_apart",
    "check_space",
    "findings_of_finished",
    "found_tuning",
    "logged_name",
    "metric_name",
    "metric_of",
    "open_storage",
    "storage_url",
    "studies_of",
    "tuning_of",
    "where_is",
    "work_on",
]
