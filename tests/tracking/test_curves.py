from __future__ import annotations

import math
import time
from collections.abc import Callable

import pytest

from harness.errors import TrackingError
from harness.experiment import Plan
from harness.results import RunRecord
from harness.tracking import Ablation, Store, load_ablation, read_curves, with_curves
from tests.tracking.examples import METRICS, predictions

LOSSES = {30: 2.5, 10: 4.0, 20: 3.0}  # logged in this order
Start = Callable[..., Ablation]


@pytest.fixture
def trained(start: Start, plan: Plan) -> str:
    """A finished run with curves."""
    with start() as ablation, ablation.run(plan.runs[0]) as run:
        for step, loss in LOSSES.items():
            run.log(step, {"train_loss": loss, "learning_rate": 0.1, "gradient_norm": 1.0})
            time.sleep(0.002)  # MLflow's clock counts milliseconds
        run.log(20, {"validation_loss": 3.5, "validation_f1": 12.0})
        run.finish(METRICS, predictions())
    return run.run_id


def test_losses_and_validation_scores_come_back_by_step(store: Store, trained: str) -> None:
    assert read_curves(store, trained) == {
        "train_loss": ((10, 4.0), (20, 3.0), (30, 2.5)),
        "validation_f1": ((20, 12.0),),
        "validation_loss": ((20, 3.5),),
    }


def test_a_reused_run_has_the_curves_of_its_source(
    start: Start, store: Store, plan: Plan, trained: str
) -> None:
    with start() as ablation:
        reused = ablation.reuse(plan.runs[0], trained)
    assert reused.curves == {}
    (record,) = with_curves(store, [reused])
    assert record.curves == read_curves(store, trained)
    assert (record.run_id, record.metrics) == (reused.run_id, reused.metrics)
    (again,) = with_curves(store, [load_ablation(store, ablation.run_id).records[0]])
    assert again.curves == record.curves


def test_a_source_that_is_gone_is_no_error(
    start: Start, store: Store, plan: Plan, trained: str
) -> None:
    with start() as ablation:
        reused = ablation.reuse(plan.runs[0], trained)
    assert reused.run_id is not None
    store.client.set_tag(reused.run_id, "harness.reused_from", "0" * 32)
    assert read_curves(store, reused.run_id) == {}
    with pytest.raises(TrackingError, match="there is no such run"):
        read_curves(store, "0" * 32)


def test_a_diverged_run_keeps_its_curve(start: Start, store: Store, plan: Plan) -> None:
    values = [3.0, 1e300, math.inf, -math.inf, math.nan]
    with start() as ablation, ablation.run(plan.runs[0]) as run:
        for step, value in enumerate(values):
            run.log(step, {"train_loss": value})
        time.sleep(0.002)
        run.log(1, {"train_loss": 7.0})  # a training that goes on logs a step again
        run.fail("training diverged")
    failed = load_ablation(store, ablation.run_id).records[0]
    (record,) = with_curves(store, [failed])
    assert record.status == "failed"
    steps, losses = zip(*record.curves["train_loss"], strict=True)
    assert steps == (0, 1, 2, 3, 4)
    assert losses[:4] == (3.0, 7.0, math.inf, -math.inf)
    assert math.isnan(losses[4])


def test_what_cannot_have_curves_is_left_alone(store: Store, trained: str) -> None:
    known = {"train_loss": ((1, 2.0),)}
    records = [
        RunRecord("a", 0, "missing", "f", run_id=trained),
        RunRecord("a", 1, "failed", "f", "no memory"),
        RunRecord("a", 2, "finished", "f", run_id=trained, curves=known),
    ]
    assert with_curves(store, records) == records
