"""Names of the tags and artifacts that an ablation leaves in MLflow.

Reading and writing share them; they are a file format, so a change breaks old stores.
"""

from __future__ import annotations

from typing import Final

KIND: Final = "harness.kind"
"""`ablation` on a parent run, `run` on a nested one; of a search `search`, and nested in it
`study` for each arm, in which there is a `trial` for each try."""
EXPERIMENT: Final = "harness.experiment"
"""The experiment's name."""
PLAN: Final = "harness.plan"
"""Hash of the plan."""
DECLARED: Final = "harness.declared"
"""When and with which hash what was declared, and how many results there were, as JSON."""
ARM: Final = "harness.arm"
SEED: Final = "harness.seed"
FINGERPRINT: Final = "harness.fingerprint"
"""Only on runs that were executed here and are complete: what may be reused."""
REUSED_FROM: Final = "harness.reused_from"
"""The run whose predictions stand in for this run's."""
STUDY: Final = "harness.study"
"""Name of an arm's study in the search's storage."""
TRIAL: Final = "harness.trial"
"""Number of a trial in its study."""
TRIAL_STATE: Final = "harness.trial_state"
"""`complete` or `pruned`."""
REASON: Final = "harness.reason"
"""Why a run failed or was killed."""
HOST: Final = "harness.host"
PID: Final = "harness.pid"
PID_STARTED: Final = "harness.pid_started"

PARENT: Final = "mlflow.parentRunId"
NOTE: Final = "mlflow.note.content"
GIT_COMMIT: Final = "mlflow.source.git.commit"
GIT_DIRTY: Final = "mlflow.source.git.dirty"
DATA_CONTEXT: Final = "mlflow.data.context"

PREDICTIONS: Final = "predictions.parquet"
EXPERIMENT_FILE: Final = "experiment.yaml"
PLAN_FILE: Final = "plan.json"
LABELS_FILE: Final = "slices.parquet"
OVERLAP_FILE: Final = "overlap.json"
TEXTS_FILE: Final = "items.parquet"
EXPOSURE_FILE: Final = "exposure.json"
PROFILE_FILE: Final = "profile.json"
"""What is known of the test items besides the answers."""
TUNING_FILE: Final = "search.json"
"""What the searches of all arms found, of a search and of an ablation that uses it."""
DECLARATION_FILE: Final = "declarations.json"
"""What the experiment declared so far, with times; written before the first training."""
ENVIRONMENT_FILE: Final = "environment.json"
ERROR_FILE: Final = "error.txt"
