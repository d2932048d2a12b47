"""Section on quality against cost: which arms no other arm beats on score and cost."""

from __future__ import annotations

import math

from markupsafe import Markup

from harness.results import RunRecord
from reports.arms import arm_means
from reports.plots import Frontier, draw_frontier, frontier
from reports.plots.frontier import mean_cost, memory_column, seconds_of
from reports.sections.page import Page
from reports.wording import metric_label, points

__all__ = ["context"]

MEMORY = {"footprint_mb": "memory of the weights", "peak_memory_mb": "peak memory"}
FEWEST = 2
"""Arms that a frontier needs."""


def context(page: Page) -> dict[str, object]:
    """A frontier against memory and one against time, each where it is known of two arms."""
    metric, column = page.study.primary, memory_column(page.records)
    level = 1 - page.study.alpha * page.analysis.reached.look.weight
    scores = arm_means(page.table, metric, level) if metric in page.table.metrics else ()

    def memory(record: RunRecord) -> float:
        return record.metrics.get(column, math.nan)

    arms = page.study.arms
    costs = (
        (memory, MEMORY[column], "MB"),
        (seconds_of, "training and answering", "s"),
    )
    both = (
        frontier(scores, mean_cost(page.records, arms, cost), name, unit, metric)
        for cost, name, unit in costs
    )
    return {
        "metric": metric_label(metric),
        "level": page.level,
        "frontiers": [_shown(one, metric) for one in both if len(one.points) >= FEWEST],
    }


def _shown(one: Frontier, metric: str) -> dict[str, object]:
    best = [p.arm for p in one.points if not p.beaten_by]
    return {
        "title": f"Against {one.cost}",
        "unit": one.unit,
        # The drawing escapes what it is given.
        "picture": Markup(draw_frontier(one, metric)),
        "best": best,
        "left_out": one.left_out,
        "rows": [
            {
                "arm": p.arm,
                "score": points(p.score),
                "interval": "" if math.isnan(p.low) else f"{points(p.low)} to {points(p.high)}",
                "cost": _number(p.cost),
                "place": _beaten(p.beaten_by) if p.beaten_by else "on the frontier",
            }
            for p in sorted(one.points, key=lambda p: p.cost)
        ],
    }


def _beaten(others: tuple[str, ...]) -> str:
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    return f"beaten by {others[0]}{more}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
