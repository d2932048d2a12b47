"""Sections of the report, in order.

A section is a function from the page's data to what its template needs; it computes no statistics.
To add one: a module, a template of the same name, a row in `SECTIONS`.
"""

from collections.abc import Callable, Mapping

from reports.sections import (
    cost,
    data,
    declaration,
    effects,
    items,
    overlap,
    provenance,
    runs,
    scoreboard,
    search,
    slices,
    training,
    trust,
    verdicts,
)
from reports.sections.page import Page

__all__ = ["SECTIONS", "Page"]

SECTIONS: Mapping[str, Callable[[Page], dict[str, object]]] = {
    "verdicts": verdicts.context,
    "scoreboard": scoreboard.context,
    "effects": effects.context,
    "slices": slices.context,
    "items": items.context,
    "search": search.context,
    "cost": cost.context,
    "runs": runs.context,
    "training": training.context,
    "data": data.context,
    "overlap": overlap.context,
    "trust": trust.context,
    "declaration": declaration.context,
    "provenance": provenance.context,
}
"""Section name -> its context; the template is `templates/<name>.html.j2`."""
