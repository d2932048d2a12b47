"""The tables and figures of a finished page as files of their own: CSV, SVG and PNG.

They are taken out of the page itself, so that no section can forget one, and the files say what
the page says. Full precision is in `comparisons.json` and `scores.parquet`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import NamedTuple

__all__ = ["Export", "encoded", "exports_of"]

_TEXT, _PAPER = "#1c2024", "#ffffff"
_ZOOM = 3  # of the page's units: enough for a slide
_SECTION = re.compile(r'<section[^>]*aria-labelledby="([^"]+)"')
_FIGURE = re.compile(r'<svg [^>]*role="img".*?</svg>', re.DOTALL)


class Export(NamedTuple):
    """A file beside the page.

    Attributes
    ----------
    name : str
        Its path from the page's folder, such as `figures/effects.svg`.
    content : bytes
    """

    name: str
    content: bytes


def exports_of(html: str) -> Iterator[Export]:
    """Every table of a page as CSV, and every figure as SVG and PNG.

    Parameters
    ----------
    html : str
        From `reports.build.render`.
    """
    starts = [(match.start(), match.group(1)) for match in _SECTION.finditer(html)]
    ends = [start for start, _ in starts[1:]] + [len(html)]
    for (start, section), end in zip(starts, ends, strict=True):
        part = html[start:end]
        for number, rows in enumerate(_tables(part), start=1):
            yield Export(f"tables/{_stem(section, number)}.csv", _as_csv(rows))
        for number, drawn in enumerate(_FIGURE.findall(part), start=1):
            svg = _standing_alone(drawn)
            yield Export(f"figures/{_stem(section, number)}.svg", encoded(svg))
            yield Export(f"figures/{_stem(section, number)}.png", _as_png(svg))


def encoded(text: str) -> bytes:
    """UTF-8; what is no text, such as bytes of a file's name, is shown as an escape."""
    return text.encode("utf-8", errors="backslashreplace")


def _stem(section: str, number: int) -> str:
    """The section's name, and a number from its second table or figure on."""
    return section if number == 1 else f"{section}-{number}"


def _standing_alone(svg: str) -> str:
    """With colours and ground of its own, which on the page come from around it."""
    ground = f'<rect width="100%" height="100%" fill="{_PAPER}"/>'
    head, rest = svg.split(">", 1)
    return f"{head}>{ground}{rest}".replace("currentColor", _TEXT)


def _as_png(svg: str) -> bytes:
    import resvg_py

    # texts are paths already, so that no font of the machine has a part in it
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=_ZOOM, skip_system_fonts=True))


def _as_csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return encoded(text.getvalue())


def _tables(part: str) -> list[list[list[str]]]:
    parser = _Tables()
    parser.feed(part)
    return parser.found


class _Tables(HTMLParser):
    """Cells of every table; a heading over a group of rows becomes their first column."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[list[list[str]]] = []
        self._row: list[str] | None = None
        self._cell: list[str] | None = None
        self._group, self._grouped, self._is_group = "", False, False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.found.append([])
            self._group, self._grouped = "", False
        elif tag == "tr":
            self._row, self._is_group = [], ("class", "group") in attrs
        elif tag in ("td", "th"):
            self._cell = []
        elif tag in ("small", "br") and self._cell is not None:
            self._cell.append(" ")

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._row is not None and self._cell is not None:
            self._row.append(_plain(" ".join("".join(self._cell).split())))
            self._cell = None
        elif tag == "tr" and self._row is not None:
            self._end_row(self._row)
            self._row = None

    def _end_row(self, row: list[str]) -> None:
        table = self.found[-1]
        if self._is_group:
            if not self._grouped:  # the heading row came before the first group
                self._grouped = True
                table[:] = [["", *one] for one in table]
            self._group = row[0]
        else:
            table.append([self._group, *row] if self._grouped else row)


def _plain(text: str) -> str:
    """What a spreadsheet takes for a number or for nothing."""
    if text == "–":
        return ""
    return text.replace("−", "-") if re.fullmatch(r"[−+]?[\d.,]+", text) else text
