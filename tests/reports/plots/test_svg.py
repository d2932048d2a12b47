from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from reports.plots.svg import new_figure, to_svg


@pytest.mark.parametrize("odd", ["\x00", "\x07", "\x0b", "\ud800", "\uffff", "\ufffe"])
def test_what_no_xml_may_hold_is_replaced_in_the_description(odd: str) -> None:
    drawn = ET.fromstring(to_svg(new_figure(1.0), f'arm "{odd}" <é🙂>\t–'))
    assert drawn.attrib["aria-label"] == 'arm "\ufffd" <é🙂> –'
