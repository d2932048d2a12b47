"""Pictures of a report: the numbers first (named tuples), the drawing second (SVG).

matplotlib is imported when something is drawn, not before.
"""

from reports.plots.arms import ArmPoints, arm_points, draw_arms
from reports.plots.forest import ForestRow, draw_forest, forest_rows
from reports.plots.frontier import CostPoint, Frontier, draw_frontier, frontier
from reports.plots.interaction import InteractionPanel, draw_interaction, interaction_panels
from reports.plots.pairs import SeedLine, SeedPanel, draw_pairs, seed_panels

__all__ = [
    "ArmPoints",
    "CostPoint",
    "ForestRow",
    "Frontier",
    "InteractionPanel",
    "SeedLine",
    "SeedPanel",
    "arm_points",
    "draw_arms",
    "draw_forest",
    "draw_frontier",
    "draw_interaction",
    "draw_pairs",
    "forest_rows",
    "frontier",
    "interaction_panels",
    "seed_panels",
]
