from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.cases import CASES
from tests.browser.checks import AXE, CONTRAST, violations
from tests.browser.conftest import SIZES, opened

pytestmark = pytest.mark.browser
# Colours do not depend on the width, nor places on colours, and contrast is what takes long.
LOOKS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("phone", "light", {}),
    ("desktop", "light", {"rules": {CONTRAST: {"enabled": False}}}),
    ("desktop", "dark", {"runOnly": [CONTRAST]}),
)


@pytest.mark.parametrize("case", CASES)
def test_nothing_keeps_people_out(
    case: str, browser: Browser, report: Callable[[str], Path]
) -> None:
    with opened(browser, report(case)) as seen:
        seen.page.evaluate(AXE)
        for size, scheme, options in LOOKS:
            seen.page.set_viewport_size(SIZES[size])  # type: ignore[arg-type]
            seen.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert violations(seen.page, options) == [], (size, scheme)


def test_a_fault_is_found(browser: Browser, report: Callable[[str], Path], tmp_path: Path) -> None:
    html = report("no result").read_text(encoding="utf-8")
    (tmp_path / "x.html").write_text(html.replace('lang="en"', ""), encoding="utf-8")
    with opened(browser, tmp_path / "x.html") as seen:
        seen.page.evaluate(AXE)
        assert [one.split(":")[1] for one in violations(seen.page, {})] == [" html-has-lang"]
