import pytest

from harness.data.prompts import Rendered, check_template, render
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
