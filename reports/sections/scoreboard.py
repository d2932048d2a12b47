"""Second section: every arm's scores, as a table and as dots per seed."""

from __future__ import annotations

import math

from markupsafe import Markup

from reports.plots import arm_points, draw_arms
from reports.sections.page import Page
from reports.wording import metric_label, points

__all__ = ["context"]


def context(page: Page) -> dict[str, object]:
    """Rows of arms by metrics, the primary metric first, and a picture of it."""
    primary = page.study.primary
    metrics = sorted(page.table.metrics, key=lambda metric: metric != primary)
    cells = {(row.arm, row.metric): row for row in page.analysis.scoreboard}
    rows = []
    for arm in page.table.arms:
        known = [cells[arm, metric] for metric in metrics]
        rows.append(
            {
                "arm": arm,
                "n_seeds": known[0].n_seeds if known else 0,
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
        # The drawing escapes what it is given.
        "picture": picture,
    }
