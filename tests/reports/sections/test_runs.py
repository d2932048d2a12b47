from __future__ import annotations

from dataclasses import replace

import pytest

from reports.sections import SECTIONS, Page
from reports.sections.runs import _duration
from reports.wording import short_number


def test_costs_are_means_over_an_arms_runs(page: Page) -> None:
    context = SECTIONS["runs"](page)
    rows = {row["arm"]: row["costs"] for row in context["arms"]}  # type: ignore[attr-defined]
    headings = [h["short"] for h in context["headings"]]  # type: ignore[attr-defined]
    assert rows["question / nf4"][headings.index("weights, MB")] == "0.9"
    own = [r for r in page.records if r.arm == "question / full"]
    expected = sum(r.metrics["train_tokens_per_second"] for r in own) / 3
    assert rows["question / full"][headings.index("training, tokens/s")] == f"{expected:,.0f}"


def test_costs_that_are_known_of_no_run_are_not_shown(page: Page) -> None:
    nan = float("nan")
    for place, record in enumerate(page.records):
        energy = 0.125 if place == 0 else nan
        more = {"energy_wh": energy, "peak_memory_mb": nan, "trainable_percent": 7.021714}
        object.__setattr__(record, "metrics", {**record.metrics, **more})
    context = SECTIONS["runs"](page)
    rows = {row["arm"]: row["costs"] for row in context["arms"]}  # type: ignore[attr-defined]
    headings = [h["short"] for h in context["headings"]]  # type: ignore[attr-defined]
    assert "peak memory, MB" not in headings
    first, other = rows["question / full"], rows["question / nf4"]
    assert first[headings.index("trained, %")] == "7.02"
    assert first[headings.index("energy, Wh")] == "0.125"
    assert other[headings.index("energy, Wh")] == "–"


def test_reused_runs_cost_nothing_now(page: Page) -> None:
    assert _duration(page.records) == "3 minutes"
    reused = tuple(replace(r, status="reused") for r in page.records)
    assert _duration(reused) is None


@pytest.mark.parametrize(
    ("value", "text"), [(float("nan"), "–"), (0.0, "0"), (2.13, "2.13"), (36864.0, "36,864")]
)
def test_short_number(value: float, text: str) -> None:
    assert short_number(value) == text
