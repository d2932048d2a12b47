from __future__ import annotations

from dataclasses import replace

from harness.results import RunRecord
from reports.build import render
from reports.sections import SECTIONS, Page


def test_training_is_absent_where_nothing_was_logged(page: Page) -> None:
    assert SECTIONS["training"](page) == {"found": False}
    assert '<h2 id="training">' not in render(page)


def trained(record: RunRecord) -> RunRecord:
    """A run that kept step 20 of 30; its losses depend on the seed."""
    more = 0.1 * record.seed
    curves = {
        "train_loss": ((10, 4.0), (20, 2.0), (30, 1.0 + more)),
        "validation_loss": ((20, 3.0 + more), (30, 3.5)),
        "validation_f1": ((20, 40.0), (30, 39.0)),
    }
    metrics = {**record.metrics, "kept_step": 20.0 if record.seed else 30.0}
    return replace(record, curves=curves, metrics=metrics)


def test_training_shows_where_each_arm_ended_and_what_failed(page: Page) -> None:
    first, *others = map(trained, page.records)
    reason = "training diverged: <b> loss was nan"
    broken = RunRecord(
        first.arm, first.seed, "failed", "f", reason, curves={"train_loss": ((10, 9e9),)}
    )
    html = render(replace(page, records=(broken, *others)))
    context = SECTIONS["training"](replace(page, records=(broken, *others)))
    one, two = context["rows"][:2]  # type: ignore[index]
    assert first.arm == one["arm"] == "question / full"
    assert (one["runs"], two["runs"]) == ("2 of 3", "3 of 3")
    assert one["train"] == {"mean": "1.15", "ends": "1.1 to 1.2"}
    assert two["train"] == {"mean": "1.1", "ends": "1 to 1.2"}
    assert two["validation"] == {"mean": "3.27", "ends": "3.1 to 3.5"}
    assert two["score"] == {"mean": "39.7", "ends": "39.0 to 40.0"}
    assert (one["kept"], two["kept"], two["steps"]) == ("20", "20 to 30", "30")
    assert context["failed"] == [{"arm": first.arm, "seed": 0, "reason": reason}]
    assert "training diverged: &lt;b&gt; loss was nan" in html
    base = replace(page.records[-1], curves={}, metrics={"kept_step": 0.0})
    shown = SECTIONS["training"](replace(page, records=(*others[:-1], base)))
    assert [row["steps"] for row in shown["rows"]][-1] == "0 to 30"  # type: ignore[attr-defined]
    assert html.index('id="runs"') < html.index('id="training"') < html.index('id="trust"')
