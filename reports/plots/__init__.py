"""Pictures of a report: the numbers first (named tuples), the drawing second (SVG).

matplotlib is imported when something is drawn, not before.
"""

from reports.plots.arms import ArmPoints, arm_points, draw_arms
from reports.plots.forest import ForestRow, draw_forest, forest_rows

__all__ = ["ArmPoints", "ForestRow", "arm_points", "draw_arms", "draw_forest", "forest_rows"]
