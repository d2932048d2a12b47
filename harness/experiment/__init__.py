"""The experiment language: schema, files, overrides, plan, fingerprint.

Imports neither torch nor mlflow, so that planning answers at once.
"""

from harness.experiment.base import Base
from harness.experiment.contrasts import Contrast, Hypothesis
from harness.experiment.load import load_experiment, schema_as_json
from harness.experiment.plan import Arm, Plan, RunSpec, changed_paths, make_plan
from harness.experiment.schema import Experiment

__all__ = [
    "Arm",
    "Base",
    "Contrast",
    "Experiment",
    "Hypothesis",
    "Plan",
    "RunSpec",
    "changed_paths",
    "load_experiment",
    "make_plan",
    "schema_as_json",
]
