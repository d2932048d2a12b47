"""Templates: an item to the model's input and to the text it should produce.

Text only; lengths and tokens are `encoding`'s work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from string import Formatter
from typing import TYPE_CHECKING, NamedTuple

from harness.data.items import Item
from harness.data.messages import listed, nearest
from harness.errors import ExperimentError

if TYPE_CHECKING:
    from harness.experiment.data import Prompt

__all__ = ["Rendered", "check_template", "render"]


class Rendered(NamedTuple):
    """An item as text.

    Attributes
    ----------
    prompt : str
        The model's input.
    target : str
        What the model learns to produce.
    """

    prompt: str
    target: str


def check_template(prompt: Prompt, items: Iterable[Item]) -> None:
    """Make sure that every item has what the template and the target name.

    Raises
    ------
    ExperimentError
        A field is named that some item has not, `{answer}` stands in the template, or
        `truncate` is no field.
    """
    if "answer" in prompt.names:
        raise ExperimentError(
            "the template would show the model the answer",
            where="base.prompt.template",
            got=prompt.template,
            fix="name {answer} in `target` only",
        )
    checked: set[frozenset[str]] = set()  # items of one source mostly have the same fields
    for item in items:
        fields = frozenset(item.fields)
        if fields in checked:
            continue
        checked.add(fields)
        for key, template in (("template", prompt.template), ("target", prompt.target)):
            _check_names(key, template, item)
        if prompt.truncate not in {*fields, *prompt.names, "context"}:
            raise ExperimentError(
                f"there is no field {prompt.truncate!r} that could be shortened",
                where="base.prompt.truncate",
                got=prompt.truncate,
                allowed=listed(sorted(fields)),
                fix=nearest(prompt.truncate, fields),
            )


def render(prompt: Prompt, item: Item, /, **replaced_fields: str) -> Rendered:
    """An item as text.

    `{answer}` is the first reference. An unanswerable item's is empty, and white space around
    what is left of its target is dropped.

    Parameters
    ----------
    prompt : Prompt
        The templates.
    item : Item
        Gives the fields.
    **replaced_fields : str
        Texts to use instead of the item's own fields, or besides them.

    Raises
    ------
    ExperimentError
        A template names a field that is not there.
    """
    fields = {**item.fields, **replaced_fields}
    answer = item.answers[0] if item.answers else ""
    try:
        text = prompt.template.format_map(fields)
        target = prompt.target.format_map({"answer": answer, **fields})
    except KeyError:
        for key, template in (("template", prompt.template), ("target", prompt.target)):
            _check_names(key, template, item, fields)
        raise
    return Rendered(text, target if answer else target.strip())


def _check_names(
    key: str, template: str, item: Item, fields: Mapping[str, str] | None = None
) -> None:
    known = {*(item.fields if fields is None else fields), *(["answer"] * (key == "target"))}
    for _, name, _, _ in Formatter().parse(template):
        if name and name not in known:
            raise ExperimentError(
                f"the item {item.id!r} has no field {name!r}",
                where=f"base.prompt.{key}",
                got=template,
                allowed=listed(sorted(f"{{{field}}}" for field in known)),
                fix=nearest(name, known),
            )
