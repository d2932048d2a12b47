"""Templates: an item to the model's input and to the text it should produce.

Text only; lengths and tokens are `encoding`'s work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from string import Formatter
from typing import TYPE_CHECKING, NamedTuple

from harness.data.items import Dataset, Item
from harness.data.messages import counted, listed, nearest
from harness.errors import ExperimentError
from harness.experiment.data import names_in

if TYPE_CHECKING:
    from harness.experiment.data import Prompt

__all__ = ["Rendered", "check_template", "render", "template_notes"]


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
    """Make sure that every item has what the templates and the target name.

    Every template is checked with every item, whether or not it is the one that the item uses.

    Raises
    ------
    ExperimentError
        A field is named that some item has not, `{answer}` stands in a template, or
        `truncate` is no field.
    """
    for key, template in _inputs(prompt):
        if "answer" in names_in(template):
            raise ExperimentError(
                "the template would show the model the answer",
                where=f"base.prompt.{key}",
                got=template,
                fix="name {answer} in `target` only",
            )
    checked: set[frozenset[str]] = set()  # items of one source mostly have the same fields
    for item in items:
        fields = frozenset(item.fields)
        if fields in checked:
            continue
        checked.add(fields)
        for key, template in (*_inputs(prompt), ("target", prompt.target)):
            _check_names(key, template, item)
        for name in prompt.without:
            _check_blank(name, item)
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
    # A field that is cut to nothing is not blank: the item keeps its template.
    template = prompt.template_for({**replaced_fields, **item.fields})
    answer = item.answers[0] if item.answers else ""
    try:
        text = template.format_map(fields)
        target = prompt.target.format_map({"answer": answer, **fields})
    except KeyError:
        for key, one in (*_inputs(prompt), ("target", prompt.target)):
            _check_names(key, one, item, fields)
        raise
    return Rendered(text, target if answer else target.strip())


def template_notes(prompt: Prompt, dataset: Dataset) -> list[str]:
    """How many items of each split use which template in `without`, a sentence each."""
    notes = []
    for split in ("train", "validation", "test"):
        items: tuple[Item, ...] = getattr(dataset, split)
        used = Counter(prompt.without_for(item.fields) for item in items)
        for name in prompt.without:
            if items:
                have = "has" if used[name] == 1 else "have"
                uses = "uses" if used[name] == 1 else "use"
                notes.append(
                    f"{split}: {used[name]:,} of {counted(len(items), 'item')} {have} a blank"
                    f" {name} and {uses} the template without it"
                )
    return notes


def _inputs(prompt: Prompt) -> list[tuple[str, str]]:
    """Each template of an input, and what it is called in the experiment file."""
    others = ((f"without.{name}", template) for name, template in prompt.without.items())
    return [("template", prompt.template), *others]


def _check_blank(name: str, item: Item) -> None:
    if name not in item.fields:
        raise ExperimentError(
            f"the item {item.id!r} has no field {name!r} that could be blank",
            where=f"base.prompt.without.{name}",
            got=name,
            allowed=listed(sorted(item.fields)),
            fix=nearest(name, item.fields),
        )


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
