"""A matplotlib figure as an SVG fragment for a page with a strict content policy.

Text becomes paths, so it looks the same everywhere; black becomes the page's text colour, so
the picture follows light and dark mode; inline styles become attributes, which need no permission.
Nothing here touches pyplot or global settings for longer than a call.
"""

from __future__ import annotations

import hashlib
import io
import re
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["BLUE", "GREY", "INK", "ORANGE", "WIDTH", "new_figure", "to_svg"]

INK = "#000000"
"""Becomes the page's text colour."""
BLUE, ORANGE, GREY = "#3f86c9", "#d3761f", "#868c96"
"""Readable on white and on near-black (at least 3:1 against both)."""
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML may hold, not even as an escape: NUL and the like (XML 1.0, section 2.2)."""
WIDTH = 4.4
"""Inches; about a phone's width, so that text is not scaled down there."""


def new_figure(height: float) -> Figure:
    """A transparent figure of the common width; height in inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height))
    figure.patch.set_alpha(0.0)
    return figure


def to_svg(figure: Figure, description: str) -> str:
    """Draw a figure as `<svg>` markup with a text alternative.

    Parameters
    ----------
    figure : Figure
    description : str
        Says what the picture shows to those who cannot see it. It is escaped here.

    Returns
    -------
    str
        Safe to put into HTML as it is. The same figure gives the same text.
    """
    import matplotlib

    description = _NO_XML.sub("\ufffd", description)
    buffer = io.StringIO()
    salt = hashlib.sha256(description.encode()).hexdigest()
    # A fixed salt: matplotlib would name clip paths at random.
    with matplotlib.rc_context({"svg.hashsalt": salt, "svg.fonttype": "path"}):
        nothing = {"Creator": None, "Date": None, "Format": None, "Type": None}
        figure.savefig(buffer, format="svg", metadata=nothing)
    text = buffer.getvalue()
    text = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r'style="([^"]*)"', _as_attributes, text)
    text = _own_ids(text, prefix=f"p{salt[:8]}-").replace(INK, "currentColor")
    body = text[text.index("<svg") :]
    inner = body[body.index(">") + 1 :].strip()
    box = re.search(r'viewBox="[^"]*"', body)
    label = escape(description, quote=True)
    xlink = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {xlink} {box.group() if box else ""}'
    # The defaults of SVG and of matplotlib for the ends of lines are not the same.
    lines = 'stroke-linejoin="round" stroke-linecap="butt" fill="currentColor"'
    return f'{head} role="img" aria-label="{label}" {lines}>{inner}'


def _own_ids(text: str, prefix: str) -> str:
    """Keep only ids that something refers to, with a prefix: a page may hold many pictures."""
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', text))
    text = re.sub(r'((?:href="#|url\(#))', rf"\1{prefix}", text)
    return re.sub(r' id="([^"]*)"', lambda m: f' id="{prefix}{m[1]}"' if m[1] in used else "", text)


def _as_attributes(match: re.Match[str]) -> str:
    pairs = (part.split(":", 1) for part in match.group(1).split(";") if ":" in part)
    return " ".join(f'{name.strip()}="{value.strip()}"' for name, value in pairs)
