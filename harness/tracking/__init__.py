"""The only package that talks to MLflow and W&B: ablations are written, and read back as values.

An ablation is a parent run, each run of its plan a nested one. Everything goes through
`mlflow.MlflowClient` with explicit ids, so MLflow's global active run is never touched.
Importing this package does not import MLflow, which takes seconds; `open_store` does.
"""

from harness.tracking import tags
from harness.tracking.ablation import Ablation, start_ablation
from harness.tracking.curves import read_curves, with_curves
from harness.tracking.inputs import DataInput, SplitName
from harness.tracking.provenance import describe_environment
from harness.tracking.reading import StoredAblation, find_finished, load_ablation, read_run
from harness.tracking.run import ActiveRun, reason_of
from harness.tracking.search import TrackedSearch, start_search
from harness.tracking.store import Store, open_store
from harness.tracking.wandb import check_wandb

__all__ = [
    "Ablation",
    "ActiveRun",
    "DataInput",
    "SplitName",
    "Store",
    "StoredAblation",
    "TrackedSearch",
    "check_wandb",
    "describe_environment",
    "find_finished",
    "load_ablation",
    "open_store",
    "read_curves",
    "read_run",
    "reason_of",
    "start_ablation",
    "start_search",
    "tags",
    "with_curves",
]
