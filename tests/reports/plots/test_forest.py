from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import matplotlib

from reports.plots.forest import ForestRow, draw_forest, forest_limits

NAN = math.nan
WIDE = ForestRow("context <b>&", "F1 +67", 67.0, 64.0, 70.0, None, True, False)
NARROW = ForestRow("precision", "F1 −0.2", -0.2, -1.2, 0.8, 3.0, False, True)
UNKNOWN = ForestRow("other", "F1: unknown", NAN, NAN, NAN, None, False, False)


def test_scale_holds_zero_margin_and_interval() -> None:
    (low, high), (own_low, own_high) = forest_limits([WIDE, NARROW])
    assert low < 0 < 70 < high
    assert own_low < -3 < 3 < own_high < 5
    assert forest_limits([UNKNOWN])[0][0] < 0 < forest_limits([UNKNOWN])[0][1]


def test_rows_of_like_width_share_a_scale() -> None:
    other = NARROW._replace(estimate=2.0, low=-6.0, high=8.0)
    one, two = forest_limits([NARROW, other])
    assert one == two
    assert one[0] < -6


def test_drawing_is_a_fragment_for_a_strict_page() -> None:
    before = dict(matplotlib.rcParams)
    svg = draw_forest([WIDE, NARROW, UNKNOWN])
    assert dict(matplotlib.rcParams) == before
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    assert "context <b>&: F1 +67; precision: F1 −0.2" in (root.get("aria-label") or "")
    assert "style=" not in svg
    assert "<style" not in svg
    assert "#000000" not in svg
    assert "currentColor" in svg
    assert "<metadata" not in svg
    assert svg == draw_forest([WIDE, NARROW, UNKNOWN])


def test_a_dollar_is_not_mathematics() -> None:
    assert draw_forest([WIDE._replace(label=r"$\frac{$")])


def test_nothing_known_is_no_picture() -> None:
    assert draw_forest([UNKNOWN]) == ""
