"""The sections `data` and `prompt`: which items, and how they become text."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter

from pydantic import Field, PositiveInt, field_validator, model_validator

from harness.experiment.section import Section, Share

__all__ = ["Data", "MaxCharacters", "Place", "Prompt", "Split", "Validation", "names_in"]


class Place(Section):
    """Where items come from."""

    split: str | None = None
    """Its name in the hub or embedded data set or, beside `file`, in a JSON file of several."""
    file: str | None = None
    """A local file, read instead of the source: SQuAD JSON, JSON, JSONL, CSV, Parquet."""
    limit: PositiveInt | None = None
    """Use a random sample of this many items; the same sample for every arm and seed."""


class Split(Place):
    """The items of one split."""

    @model_validator(mode="after")
    def _has_a_place(self) -> Split:
        if self.split is None and self.file is None:
            raise ValueError("give `split` (a split of the source) or `file` (a local file)")
        return self


class Validation(Place):
    """Items for the validation loss; never the test items."""

    share: Share | None = None
    """Carve this share of the outermost clusters from the training items."""

    @model_validator(mode="after")
    def _has_one_place(self) -> Validation:
        if (self.share is None) == (self.split is None and self.file is None):
            raise ValueError("give either `share`, or `split` or `file`")
        return self


class MaxCharacters(Section):
    """A length in characters that an item should not exceed."""

    fields: tuple[str, ...] = Field(("question", "answer"), min_length=1)
    """What is counted together; `answer` is the item's first reference answer."""
    limit: PositiveInt
    """Most characters. Items with more are counted, named, and listed and drawn in the report."""
    drop: bool = False
    """Leave longer items out of training, validation and test, after every `limit` of a split."""

    @field_validator("fields")
    @classmethod
    def _each_once(cls, fields: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(fields)) < len(fields):
            raise ValueError("a field is named twice, so its characters would count twice")
        return fields


class Data(Section):
    """The items: where they come from and what they are nested in."""

    source: str | None = None
    """`embedded:invented_world`, or a data set on the hub such as `squad`; files need none."""
    config: str | None = None
    """The hub data set's configuration name, where it has several."""
    revision: str | None = None
    """The hub data set's git revision; its newest one when left out."""
    train: Split
    """The items that arms are fine-tuned on."""
    test: Split
    """The items that arms are compared on; the same for every arm."""
    validation: Validation | None = None
    """The items for the validation loss, if any."""
    fields: dict[str, str] = Field(default_factory=dict)
    """The file's column for `question`, `answers`, `context`, `id` or any name a template uses."""
    clusters: tuple[str, ...] | None = None
    """Fields that items are nested in, outermost first; `title` and `context` where present."""
    max_characters: MaxCharacters | None = None
    """Flag items that are longer than this, or leave them out; nothing is measured if left out."""

    @model_validator(mode="after")
    def _splits_need_a_source(self) -> Data:
        for name in ("train", "test", "validation"):
            part = getattr(self, name)
            if part is not None and part.split and not part.file and self.source is None:
                raise ValueError(f"{name}.split names a split, but there is no `source` it is in")
        return self


class Prompt(Section):
    """How an item becomes text."""

    template: str
    """The model's input; `{question}`, `{context}` and any other field of an item."""
    without: dict[str, str] = Field(default_factory=dict)
    """Another template by field, for items where that is blank; the first blank one decides."""
    target: str = "{answer}"
    """What the model learns to produce; `{answer}` is the item's first reference answer."""
    max_tokens: PositiveInt = 512
    """Longest input in tokens. A longer one loses the end of `truncate`, and is counted."""
    max_target_tokens: PositiveInt = 64
    """Longest target in tokens. A longer one loses its end, and is counted."""
    truncate: str = "context"
    """The field that is shortened when an input is too long."""

    @field_validator("template", "target")
    @classmethod
    def _is_a_template(cls, template: str) -> str:
        _check_template(template)
        return template

    @field_validator("without")
    @classmethod
    def _are_templates(cls, without: dict[str, str]) -> dict[str, str]:
        for field, template in without.items():
            try:
                _check_template(template)
            except ValueError as error:
                raise ValueError(f"{field}: {error}") from None
            if field in names_in(template):
                raise ValueError(f"{field}: the template without {{{field}}} names it")
        return without

    @property
    def names(self) -> tuple[str, ...]:
        """Field names that `template` and those in `without` use, in order, each once."""
        templates = (self.template, *self.without.values())
        return tuple(dict.fromkeys(name for text in templates for name in names_in(text)))

    def without_for(self, fields: Mapping[str, str]) -> str | None:
        """The first field in `without` that is blank in an item; None if none is."""
        return next((name for name in self.without if not fields.get(name, "").strip()), None)

    def template_for(self, fields: Mapping[str, str]) -> str:
        """The template of an item with these fields."""
        blank = self.without_for(fields)
        return self.template if blank is None else self.without[blank]


def names_in(template: str) -> tuple[str, ...]:
    """Field names that a template uses, in order, each once."""
    return tuple(dict.fromkeys(name for _, name, _, _ in Formatter().parse(template) if name))


def _check_template(template: str) -> None:
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise ValueError(f"not a template: {error}; write {{{{ and }}}} for braces") from None
    for _, name, spec, conversion in parts:
        if name is not None and (not name.isidentifier() or spec or conversion):
            extra = f"!{conversion}" if conversion else f":{spec}" if spec else ""
            raise ValueError(f"{{{name}{extra}}} is not a plain field name such as {{question}}")
