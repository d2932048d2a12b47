"""Second section: every arm's scores, as a table and as dots per seed."""

from __future__ import annotations

import math

from markupsafe import Markup

from harness.metrics import METRICS
from reports.arms import ArmMean, Best, arm_means, best_arm
from reports.plots import arm_points, draw_arms
from reports.plots.frontier import mean_cost, memory_column, seconds_of
from reports.sections.page import Page
from reports.wording import metric_label, points, short_number

__all__ = ["context"]


def context(page: Page) -> dict[str, object]:
    """Rows of arms by metrics, the primary metric first, and a picture of it."""
    primary = page.study.primary
    metrics = sorted(page.table.metrics, key=lambda metric: metric != primary)
    weight = page.analysis.reached.look.weight
    alpha = page.study.alpha
    known_primary = primary in page.table.metrics
    means = arm_means(page.table, primary, 1 - alpha * weight) if known_primary else ()
    intervals = {row.arm: _interval(row) for row in means}
    tested = known_primary and page.analysis.reached.state != "early"
    best = best_arm(page.table, primary, alpha, weight) if tested else None
    costs = _costs(page)
    cells = {(row.arm, row.metric): row for row in page.analysis.scoreboard}
    rows = []
    for arm in page.table.arms:
        known = [cells[arm, metric] for metric in metrics]
        rows.append(
            {
                "arm": arm,
                "interval": intervals.get(arm),
                "best": best is not None and best.supported and best.arm == arm,
                "n_seeds": known[0].n_seeds if known else 0,
                "costs": [short_number(by_arm[arm]) for by_arm in costs.values()],
                "scores": [
                    {"mean": points(c.mean), "sd": None if math.isnan(c.sd) else points(c.sd)}
                    for c in known
                ],
            }
        )
    picture = Markup(draw_arms(arm_points(page.table, primary), primary))
    return {
        "metrics": [metric_label(metric) for metric in metrics],
        "rows": rows,
        "costs": list(costs),
        "level": page.level,
        "has_interval": any(intervals.values()),
        "rule": _rule(best, alpha, primary),
        "lower": any(METRICS[metric].lower_is_better for metric in metrics),
        # The drawing escapes what it is given.
        "picture": picture,
    }


def _costs(page: Page) -> dict[str, dict[str, float]]:
    """Mean cost of each arm by heading, of costs that are known for some arm."""
    column = memory_column(page.records)
    arms = page.study.arms
    every = {
        "MB": mean_cost(page.records, arms, lambda r: r.metrics.get(column, math.nan)),
        "s": mean_cost(page.records, arms, seconds_of),
    }
    return {
        unit: by_arm
        for unit, by_arm in every.items()
        if not all(math.isnan(cost) for cost in by_arm.values())
    }


def _interval(row: ArmMean) -> str | None:
    if math.isnan(row.ci_low):
        return None
    return f"{points(row.ci_low)} to {points(row.ci_high)}"


def _rule(best: Best | None, alpha: float, metric: str) -> str | None:
    """When an arm is marked as the best, and why none is."""
    if best is None:
        return None
    rule = (
        "An arm is marked as the best only if its paired difference from every other arm is "
        f"supported (p at most {alpha:g}, adjusted by Holm over these pairs)"
    )
    if best.supported:
        return f"{rule}."
    open_ = [one.other for one in best.leads if not (one.p_adjusted <= alpha and one.estimate > 0)]
    most, than = ("lowest", "below") if METRICS[metric].lower_is_better else ("highest", "above")
    return f"{rule}; none is: {best.arm} has the {most} mean, but not clearly {than} {_few(open_)}."


def _few(names: list[str], most: int = 3) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
