import pytest

from harness.data import Dataset
from harness.data.prompts import Rendered, check_template, render, template_notes
from harness.errors import ExperimentError
from harness.experiment.data import Prompt


def test_fields_and_the_first_answer_are_filled_in(make_item):
    prompt = Prompt(template="q: {question} c: {context} {{x}}", target=" {answer}")
    item = make_item(question="{answer}?", answers=("red", "blue"), context="c")
    assert render(prompt, item) == Rendered("q: {answer}? c: c {x}", " red")


def test_replaced_fields_come_first_even_under_the_parameters_names(make_item):
    prompt = Prompt(template="{question} {item} {prompt}")
    item = make_item()
    assert render(prompt, item, question="Q", item="I", prompt="P").prompt == "Q I P"
    assert item.fields["question"] == "Where?"


@pytest.mark.parametrize(
    ("target", "expected"), [(" {answer}", ""), ("Answer: {answer}\n", "Answer:"), ("{answer}", "")]
)
def test_an_unanswerable_items_target_is_stripped(make_item, target, expected):
    prompt = Prompt(template="{question}", target=target)
    assert render(prompt, make_item(answers=())).target == expected


def test_white_space_around_an_answer_is_kept(make_item):
    prompt = Prompt(template="{question}", target=" {answer}\n")
    assert render(prompt, make_item(answers=("a",))).target == " a\n"


@pytest.mark.parametrize(
    ("prompt", "where", "allowed"),
    [
        ({"template": "{question} {contxt}"}, "template", "{context}, {question}"),
        ({"template": "{question}", "target": "{contxt}"}, "target", "{answer}, {context}"),
    ],
)
def test_an_unknown_field_is_named_with_those_that_exist(make_item, prompt, where, allowed):
    prompt, item = Prompt(**prompt), make_item("7", context="c")
    for act in (lambda: render(prompt, item), lambda: check_template(prompt, [item])):
        with pytest.raises(ExperimentError, match="the item '7' has no field 'contxt'") as caught:
            act()
        assert caught.value.where == f"base.prompt.{where}"
        assert "{contxt}" in caught.value.got
        assert allowed in caught.value.allowed
        assert caught.value.fix == "did you mean 'context'?"


def test_every_item_is_checked(make_item):
    with pytest.raises(ExperimentError, match="the item '2'"):
        check_template(Prompt(template="{context}"), [make_item("1", context="c"), make_item("2")])


def test_the_template_does_not_show_the_answer(make_item):
    with pytest.raises(ExperimentError, match="show the model the answer") as caught:
        check_template(Prompt(template="{question} {answer}"), [])
    assert caught.value.where == "base.prompt.template"
    assert "target" in caught.value.fix


def test_the_shortened_field_exists(make_item):
    items = [make_item(body="b")]
    check_template(Prompt(template="{question}"), items)  # no context to shorten is fine
    check_template(Prompt(template="{question}", truncate="body"), items)
    with pytest.raises(ExperimentError, match="no field 'bodi'") as caught:
        check_template(Prompt(template="{question}", truncate="bodi"), items)
    assert caught.value.where == "base.prompt.truncate"
    assert caught.value.fix == "did you mean 'body'?"


WITHOUT = Prompt(
    template="{question} {input} {hint}",
    without={"input": "{question} {hint}", "hint": "{question} {input}"},
)


def test_an_item_whose_field_is_blank_uses_the_template_without_it(make_item):
    assert render(WITHOUT, make_item(input="i", hint="h")).prompt == "Where? i h"
    assert render(WITHOUT, make_item(input=" \n", hint="h")).prompt == "Where? h"
    assert render(WITHOUT, make_item(input="i", hint="")).prompt == "Where? i"
    assert render(WITHOUT, make_item(input="", hint="")).prompt == "Where? ", "the first decides"


def test_a_field_that_is_cut_to_nothing_keeps_its_template(make_item):
    assert render(WITHOUT, make_item(input="i", hint="h"), input="").prompt == "Where?  h"
    full = make_item(input="", hint="h")
    assert render(WITHOUT, full, input="i").prompt == "Where? h", "the item decides"


@pytest.mark.parametrize(
    ("without", "where", "what"),
    [
        ({"input": "{question} {inptu}"}, "without.input", "no field 'inptu'"),
        ({"inptu": "{question}"}, "without.inptu", "no field 'inptu' that could be blank"),
        ({"input": "{answer}"}, "without.input", "show the model the answer"),
    ],
)
def test_templates_without_a_field_are_checked_with_every_item(make_item, without, where, what):
    prompt = Prompt(template="{question} {input}", without=without)
    with pytest.raises(ExperimentError, match=what) as caught:
        check_template(prompt, [make_item(input="never blank")])
    assert caught.value.where == f"base.prompt.{where}"


@pytest.mark.parametrize(
    ("template", "message"), [("{question", "input: not a template"), ("{input}", "names it")]
)
def test_a_template_without_a_field_is_one(template, message):
    with pytest.raises(ValueError, match=message):
        Prompt(template="{question}", without={"input": template})


def test_it_is_noted_how_many_items_use_which_template(make_item):
    train = (
        make_item(input="", hint=""),
        make_item(input="", hint=""),
        make_item(input="i", hint="h"),
    )
    data = Dataset(train, (), (make_item(input="i", hint=" "),), (), ())
    assert template_notes(WITHOUT, data) == [
        "train: 2 of 3 items have a blank input and use the template without it",
        "train: 0 of 3 items have a blank hint and use the template without it",
        "test: 0 of 1 item have a blank input and use the template without it",
        "test: 1 of 1 item has a blank hint and uses the template without it",
    ]
    assert template_notes(Prompt(template="{question}"), data) == []
