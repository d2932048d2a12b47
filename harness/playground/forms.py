"""What a person may type into the pages, and what is wrong with it in words.

Checks single pages' fields; whether a question fits its arms is `turns`' work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

__all__ = [
    "MOST_ARMS",
    "AskForm",
    "DecodingForm",
    "NewForm",
    "SearchForm",
    "TitleForm",
    "field_names",
]

MOST_ARMS: Final = 8
_QUESTION: Final = 20_000
_CONTEXT: Final = 200_000
_TITLE: Final = 200
_WORDS: Final = 500
_SEED: Final = 2**31 - 1

_METHODS: Final = (
    ("", "as in the run"),
    ("greedy", "greedy"),
    ("sampling", "sampling"),
    ("beams", "beam search"),
)
_SAMPLED: Final = {"temperature": "Temperature", "top_k": "Top k", "top_p": "Top p"}


class _Text(forms.CharField):
    """Text that every database can store, with line ends as on Unix."""

    def __init__(self, most: int, **options: Any) -> None:
        # The length is checked here, because browsers count a line end as two characters.
        super().__init__(strip=False, required=options.pop("required", False), **options)
        self.most = most
        self.validators.clear()

    def to_python(self, value: object) -> str:
        text = super().to_python(value) or ""
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def validate(self, value: Any) -> None:
        super().validate(value)
        if "\0" in value:
            raise ValidationError("A NUL character is in this text: it cannot be stored.")
        if any("\ud800" <= char <= "\udfff" for char in value):
            raise ValidationError("Half of a character is in this text: it cannot be stored.")
        if len(value) > self.most:
            raise ValidationError(
                f"This has {len(value):,} characters: at most {self.most:,} can be asked."
            )


def _number(label: str, low: float, high: float, hint: str, *, whole: bool) -> forms.Field:
    example = "2" if whole else "0.5"
    kind = forms.IntegerField if whole else forms.FloatField
    return kind(
        label=label,
        required=False,
        min_value=low,  # type: ignore[arg-type]  # a whole number where the field has whole ones
        max_value=high,  # type: ignore[arg-type]
        help_text=hint,
        # A number input keeps what it cannot read to itself: it would be as good as blank.
        widget=forms.TextInput(
            attrs={"inputmode": "numeric" if whole else "decimal", "autocomplete": "off"}
        ),
        error_messages={
            "invalid": f"{label}: this is not a {'whole ' * whole}number, such as {example}.",
            "min_value": f"{label}: at least {low:g}.",
            "max_value": f"{label}: at most {high:g}.",
        },
    )


class DecodingForm(forms.Form):
    """How arms answer, where that differs from their runs; blank is as in the run."""

    method = forms.ChoiceField(label="Method", choices=_METHODS, required=False)
    max_new_tokens = _number("Longest answer", 1, 2048, "tokens, 1 to 2048", whole=True)
    temperature = _number("Temperature", 0.01, 100, "with sampling", whole=False)
    top_k = _number("Top k", 1, 100_000, "with sampling", whole=True)
    top_p = _number("Top p", 0.0001, 1, "with sampling, up to 1", whole=False)
    num_beams = _number("Beams", 2, 16, "with beam search, 2 to 16", whole=True)
    seed = _number("Seed", 0, _SEED, "with sampling", whole=True)

    def clean(self) -> dict[str, Any]:
        """Fields that have no effect together are errors."""
        values = super().clean() or self.cleaned_data
        method = values.get("method", "")
        for name, label in _SAMPLED.items():
            if values.get(name) is not None and method != "sampling":
                self.add_error(
                    name,
                    f"{label} has an effect with sampling only: choose sampling as the method,"
                    " or leave it blank.",
                )
        if values.get("num_beams") is not None and method != "beams":
            self.add_error(
                "num_beams",
                "A number of beams has an effect with beam search only: choose it as the method,"
                " or leave this blank.",
            )
        if method == "beams" and values.get("num_beams") is None and "num_beams" in values:
            self.add_error("num_beams", "Beam search needs a number of beams: 2 to 16.")
        return values

    @property
    def decoding(self) -> dict[str, Any]:
        """For `Conversation.decoding`: what is not blank. Only of a valid form."""
        values = {name: self.cleaned_data[name] for name in DecodingForm.base_fields}
        return {name: value for name, value in values.items() if value not in (None, "")}


class NewForm(DecodingForm):
    """Arms of a new conversation, and how they are asked.

    Parameters
    ----------
    names : mapping of str to str
        Arms' names by key.
    """

    arms = forms.MultipleChoiceField(
        error_messages={
            "required": "Choose at least one arm.",
            "invalid_choice": "One of these arms is not there any more: choose again.",
        }
    )
    blind = forms.BooleanField(required=False)

    def __init__(self, *args: Any, names: Mapping[str, str], **options: Any) -> None:
        super().__init__(*args, **options)
        arms = self.fields["arms"]
        assert isinstance(arms, forms.MultipleChoiceField)
        arms.choices = list(names.items())

    def clean_arms(self) -> list[str]:
        """Each arm once."""
        keys = list(dict.fromkeys(self.cleaned_data["arms"]))
        if len(keys) > MOST_ARMS:
            raise ValidationError(f"These are {len(keys)} arms: at most {MOST_ARMS} can be asked.")
        return keys

    def clean(self) -> dict[str, Any]:
        """Nothing is hidden where there is only one arm."""
        values = super().clean()
        if values.get("blind") and len(values.get("arms", ())) == 1:
            self.add_error("blind", "A blind conversation needs two or more arms.")
        return values


class AskForm(forms.Form):
    """A question, with what else the arms' prompts have places for.

    Parameters
    ----------
    names : sequence of str
        The other places, from `field_names`.
    context : bool
        Whether any arm reads a context.
    """

    question = _Text(_QUESTION, widget=forms.Textarea(attrs={"rows": 2, "enterkeyhint": "send"}))
    context = _Text(_CONTEXT, widget=forms.Textarea(attrs={"rows": 2}))
    item = _Text(_WORDS, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, names: Sequence[str] = (), context: bool = True, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.auto_id = "ask-%s"
        self.names = tuple(names)
        if not context:
            del self.fields["context"]
        for name in self.names:
            self.fields[f"field-{name}"] = _Text(
                _QUESTION, label=name, widget=forms.Textarea(attrs={"rows": 1})
            )
        for field in self.fields.values():
            field.widget.attrs |= {"autocomplete": "off", "dir": "auto"}

    def clean(self) -> dict[str, Any]:
        """Nothing is not a question."""
        values = super().clean() or self.cleaned_data
        typed = [text for name, text in values.items() if name != "item"]
        if not self.errors and not any(text.strip() for text in typed):
            self.add_error("question", "Type a question first.")
        return values

    @property
    def others(self) -> list[forms.BoundField]:
        """The fields besides question and context."""
        return [self[f"field-{name}"] for name in self.names]

    @property
    def typed(self) -> dict[str, str]:
        """The other places' texts by name. Only of a valid form."""
        return {name: self.cleaned_data[f"field-{name}"] for name in self.names}


class TitleForm(forms.Form):
    """A conversation's new title."""

    title = _Text(_TITLE, required=True, error_messages={"required": "Type a title."})

    def clean_title(self) -> str:
        """In one line."""
        title = " ".join(self.cleaned_data["title"].split())
        if not title:
            raise ValidationError("Type a title.")
        return title


class SearchForm(forms.Form):
    """Words to look for."""

    q = _Text(_WORDS)


def field_names(places: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], bool]:
    """What to ask for besides the question.

    Parameters
    ----------
    places : sequence of sequences of str
        Names in each arm's prompt, as in `catalogue.Arm.fields`; an empty one is not known.

    Returns
    -------
    tuple of str
        Other names than question and context, each once.
    bool
        Whether a context is read; also where that is not known.
    """
    every = dict.fromkeys(name for names in places for name in names)
    others = tuple(name for name in every if name not in ("question", "context"))
    return others, "context" in every or not all(places)
