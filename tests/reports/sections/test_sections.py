from __future__ import annotations

from pathlib import Path

import reports.sections
from reports.build import render
from reports.sections import SECTIONS, Page


def test_every_section_has_its_module_and_template() -> None:
    package = Path(reports.sections.__file__).parent
    modules = {path.stem for path in package.glob("*.py")} - {"__init__", "page"}
    templates = {p.name.split(".")[0] for p in (package.parent / "templates").glob("*.j2")}
    assert set(SECTIONS) == modules == templates - {"report", "combined"}


def test_pages_of_known_items_render(known: Page, page: Page) -> None:
    html = render(known)
    for text in ("Where does it differ?", "Was the test given away?", "who &lt;b&gt;", "too few"):
        assert text in html
    assert "Did the base model know the test file?" in html
    assert "built-in method" not in html  # a dict's own `items` in a template
    assert "<b>" not in html
    without = render(page)
    assert "Where does it differ?" not in without
    assert "Was the test given away?" not in without
