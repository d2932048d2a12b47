from __future__ import annotations

import math
import xml.etree.ElementTree as ET

from reports.plots.interaction import (
    InteractionLine,
    draw_interaction,
    interaction_panels,
)

FACTORS = {"context": ("question", "question+context"), "precision": ("full", "nf4")}
MEANS = {
    "question / full": 14.0,
    "question / nf4": 13.0,
    "question+context / full": 81.0,
}


def test_a_line_per_level_of_the_second_factor() -> None:
    (panel,) = interaction_panels(FACTORS, MEANS)
    assert (panel.x_factor, panel.line_factor, panel.rest) == ("context", "precision", "")
    assert panel.lines[0] == InteractionLine("full", (14.0, 81.0))
    assert panel.lines[1].means[0] == 13.0
    assert math.isnan(panel.lines[1].means[1])


def test_further_factors_have_a_panel_per_combination() -> None:
    factors = {"a": ("0", "1"), "b": ("0", "1"), "c": ("2", "3"), "d": ("4", "5")}
    means = {"0 / 1 / 3 / 4": 50.0}
    panels = interaction_panels(factors, means)
    assert [p.rest for p in panels] == ["c: 2, d: 4", "c: 2, d: 5", "c: 3, d: 4", "c: 3, d: 5"]
    assert panels[2].lines[1].means[0] == 50.0
    assert interaction_panels({"a": ("0", "1")}, {}) == ()


def test_drawing() -> None:
    panels = interaction_panels({"$<": FACTORS["context"], "p": ("full", r"$\frac{")}, MEANS)
    root = ET.fromstring(draw_interaction(panels, "f1"))
    assert root.get("aria-label") == (
        "Mean F1 of each arm. full: question 14.0, question+context 81.0; "
        r"$\frac{: question no run, question+context no run"
    )
    assert draw_interaction(interaction_panels(FACTORS, {}), "f1") == ""
    assert draw_interaction((), "f1") == ""


def test_lines_differ_without_colour() -> None:
    levels = tuple("abcdef")
    means = {f"x / {level}": 1.0 for level in levels} | {f"y / {level}": 2.0 for level in levels}
    svg = draw_interaction(interaction_panels({"f": ("x", "y"), "g": levels}, means), "f1")
    dashes = {part.split('"')[0] for part in svg.split('stroke-dasharray="')[1:]}
    assert len(dashes) == 5, "and one line is solid"
