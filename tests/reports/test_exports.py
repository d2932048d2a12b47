"""Tables and figures as files of their own: all of them, saying what the page says."""

from __future__ import annotations

import csv
import io
import struct
import xml.etree.ElementTree as ET
from pathlib import Path

from harness.experiment import Plan
from harness.results import RunRecord
from reports.build import build_report
from reports.exports import exports_of
from reports.study import study_of

PAGE = """
<section aria-labelledby="one"><h2 id="one">One</h2>
<table><thead><tr><th>Arm</th><th>F1</th></tr></thead>
<tbody><tr><th>a &amp; b</th><td>−1.5<small>± 2</small></td></tr>
<tr><th>c, "d"</th><td>–</td></tr></tbody></table>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20" role="img" aria-label="x"
fill="currentColor"><path d="M0 0L20 10"/></svg>
<table><thead><tr><th>Slice</th><th>Items</th></tr></thead>
<tbody><tr class="group"><th colspan="2">Word</th></tr><tr><th>who</th><td>1,000</td></tr></tbody>
<tbody><tr class="group"><th colspan="2">Length</th></tr><tr><th>long</th><td>−7</td></tr></tbody>
</table></section>
<section aria-labelledby="two"><p>No table – here</p></section>
"""


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode())))


def test_tables_by_section_with_numbers_that_are_numbers() -> None:
    found = {export.name: export.content for export in exports_of(PAGE)}
    assert list(found) == [
        "tables/one.csv", "tables/one-2.csv", "figures/one.svg", "figures/one.png",
    ]  # fmt: skip
    assert rows(found["tables/one.csv"]) == [
        ["Arm", "F1"], ["a & b", "−1.5 ± 2"], ['c, "d"', ""],
    ]  # fmt: skip
    assert rows(found["tables/one-2.csv"]) == [
        ["", "Slice", "Items"], ["Word", "who", "1,000"], ["Length", "long", "-7"],
    ]  # fmt: skip


def test_figures_stand_alone() -> None:
    found = {export.name: export.content for export in exports_of(PAGE)}
    svg = ET.fromstring(found["figures/one.svg"])
    assert svg[0].attrib["fill"] == "#ffffff"
    assert b"currentColor" not in found["figures/one.svg"]
    width, height = struct.unpack(">II", found["figures/one.png"][16:24])
    assert (width, height) == (120, 60)


def test_every_table_and_figure_of_a_report_is_written(
    plan: Plan, records: list[RunRecord], tmp_path: Path
) -> None:
    for name in ("tables/gone.csv", "figures/gone.png", "tables/mine.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("of an earlier report")
    result = build_report(study_of(plan), records, ("title",), {}, tmp_path)
    html = result.files[0].read_text()
    written = {path.relative_to(tmp_path).as_posix() for path in result.files}
    assert html.count("<table") == sum(name.startswith("tables/") for name in written)
    assert html.count("<svg ") == sum(name.endswith(".png") for name in written)
    assert {"tables/scoreboard.csv", "tables/effects.csv", "figures/effects.svg"} <= written
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    assert left == written | {"tables/mine.txt"}
    scoreboard = rows((tmp_path / "tables/scoreboard.csv").read_bytes())
    assert [row[0] for row in scoreboard[1:5]] == [arm.name for arm in plan.arms]
