from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("migrated")
NAMES = {"a": "arm a", "b": "arm b", **{f"k{i}": f"arm {i}" for i in range(8)}}


def begun(**typed: Any):
    from django.http import QueryDict

    from harness.playground.forms import NewForm

    data = QueryDict(mutable=True)
    for name, value in typed.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return NewForm(data, names=NAMES)


def asked(**typed: str):
    from harness.playground.forms import AskForm

    return AskForm({"question": "Where?", **typed}, names=("meaning",))


def test_a_blank_form_decodes_as_the_runs_did() -> None:
    form = begun(arms=["b", "a", "b"])
    assert form.is_valid()
    assert (form.cleaned_data["arms"], form.decoding) == (["b", "a"], {})


@pytest.mark.parametrize(
    ("typed", "decoding"),
    [
        ({"method": "greedy", "max_new_tokens": "2048"}, ("greedy", 2048)),
        ({"method": "sampling", "temperature": "0.7", "seed": "0"}, ("sampling", 0.7, 0)),
        ({"method": "sampling", "top_k": "5", "top_p": "1"}, ("sampling", 5, 1.0)),
        ({"method": "beams", "num_beams": "16"}, ("beams", 16)),
    ],
)
def test_what_is_typed_is_a_decoding_that_arms_take(
    typed: dict[str, str], decoding: tuple[object, ...]
) -> None:
    from harness.arm_settings import ArmSettings
    from harness.playground.decoding import decoded_by

    form = begun(arms="a", **typed)
    assert form.is_valid(), form.errors
    assert form.decoding == dict(zip(typed, decoding, strict=True))
    run = {"model": {"name": "x"}, "prompt": {"template": "{question}"}, "generation": {}}
    decoded_by(ArmSettings.model_validate(run), form.decoding)  # raises where they do not go


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"temperature": "0.7"}, "temperature", "with sampling only"),
        ({"method": "greedy", "top_k": "5"}, "top_k", "with sampling only"),
        ({"method": "beams", "num_beams": "4", "top_p": ".5"}, "top_p", "with sampling only"),
        ({"num_beams": "4"}, "num_beams", "with beam search only"),
        ({"method": "beams"}, "num_beams", "needs a number of beams"),
        ({"method": "beams", "num_beams": "17"}, "num_beams", "at most 16"),
        ({"max_new_tokens": "2049"}, "max_new_tokens", "at most 2048"),
        ({"max_new_tokens": "0"}, "max_new_tokens", "at least 1"),
        ({"method": "sampling", "temperature": "nan"}, "temperature", "not a number"),
        ({"method": "sampling", "temperature": "0"}, "temperature", "at least"),
        ({"seed": "1.5"}, "seed", "not a whole number"),
        ({"method": "magic"}, "method", "magic"),
    ],
)
def test_what_has_no_effect_or_no_sense_is_said(
    typed: dict[str, str], field: str, said: str
) -> None:
    form = begun(arms="a", **typed)
    assert not form.is_valid()
    assert list(form.errors) == [field]
    assert said in form.errors[field][0]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "at least one arm"),
        ({"arms": "gone"}, "not there any more"),
        ({"arms": ["a", *(f"k{i}" for i in range(8))]}, "at most 8"),
        ({"arms": ["a", "a"], "blind": "on"}, "two or more"),
    ],
)
def test_arms_that_cannot_be_asked(typed: dict[str, Any], said: str) -> None:
    (errors,) = begun(**typed).errors.values()
    assert said in errors[0]


def test_text_is_taken_as_it_is_but_for_its_line_ends() -> None:
    form = asked(context=" a\r\nb\rc ", **{"field-meaning": "inform(x)"})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["context"] == " a\nb\nc "
    assert form.typed == {"meaning": "inform(x)"}


@pytest.mark.parametrize("field", ["question", "context", "field-meaning", "item"])
@pytest.mark.parametrize(("text", "said"), [("a\0b", "NUL"), ("a\ud800b", "Half of a character")])
def test_what_no_database_stores_is_refused(field: str, text: str, said: str) -> None:
    form = asked(**{field: text})
    assert said in form.errors[field][0]


@pytest.mark.parametrize(
    ("field", "most"), [("question", 20_000), ("context", 200_000), ("field-meaning", 20_000)]
)
def test_a_browsers_line_ends_do_not_make_a_text_too_long(field: str, most: int) -> None:
    assert asked(**{field: "\r\n" * (most - 1) + "x"}).is_valid()
    assert f"at most {most:,}" in asked(**{field: "x" * (most + 1)}).errors[field][0]


def test_something_has_to_be_asked() -> None:
    assert "Type a question" in asked(question=" \n").errors["question"][0]
    assert asked(question="", **{"field-meaning": "inform(x)"}).is_valid()


def test_a_title_is_one_line_of_some_length() -> None:
    from harness.playground.forms import TitleForm

    form = TitleForm({"title": " a\r\n b "})
    assert form.is_valid()
    assert form.cleaned_data["title"] == "a b"
    for title in ("", " \n", "x" * 201):
        assert len(TitleForm({"title": title}).errors["title"]) == 1


def test_fields_are_those_of_all_prompts() -> None:
    from harness.playground.forms import field_names

    assert field_names([("question",), ("meaning", "question")]) == (("meaning",), False)
    assert field_names([("question", "context"), ("meaning",)]) == (("meaning",), True)
    assert field_names([("question",), ()]) == ((), True)  # what is not known may be read
