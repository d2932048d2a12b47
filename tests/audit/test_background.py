from __future__ import annotations

from dataclasses import replace

from harness.audit.background import background_of
from harness.data import Dataset, Item


def item(name: str, question: str) -> Item:
    return Item(name, {"question": question}, ("red",), (), ())


TEST = (item("q1", "What is the colour of Mola?"), item("q2", "Who built the town of Tarn?"))
ONE = Dataset((item("t1", "What is the colour of Mola?"),), (), TEST, (), ())
OTHER = replace(ONE, train=(item("t1", "Who built the town of Tarn?"),))


def test_what_any_arm_trains_on_counts_as_training() -> None:
    """Arms may have other training items under the same ids."""
    alone, both = background_of([ONE], None), background_of([ONE, OTHER, ONE], None)
    assert alone.overlap is not None
    assert both.overlap is not None
    assert alone.overlap.overlapping == {"q1"}
    assert both.overlap.overlapping == {"q1", "q2"}


def test_texts_are_those_of_the_test_items() -> None:
    place = Item("q3", {"question": "What?", "context": "It is red."}, ("red",), (6,), ())
    found = background_of([replace(ONE, test=(*TEST, place))], []).texts
    assert found is not None
    assert found["answer_start"].tolist() == [-1, -1, 6]
    assert found["context"].tolist() == ["", "", "It is red."]
    assert found["question"].tolist()[0] == "What is the colour of Mola?"
    assert list(found) == ["item", "question", "context", "answer_start"]


def test_other_fields_of_the_prompts_are_columns_that_collide_with_none() -> None:
    odd = Item("q3", {"question": "What?", "item": "odd", "style": "short"}, ("red",), (), ())
    data = replace(ONE, test=(*TEST, odd))
    found = background_of([data], [], names=["question", "item", "style", "item"]).texts
    assert found is not None
    assert found["item"].tolist() == ["q1", "q2", "q3"]
    assert list(found)[4:] == ["field:item", "field:style"]
    assert found["field:item"].tolist() == ["", "", "odd"]
    assert found["field:style"].tolist() == ["", "", "short"]


def test_without_training_items_nothing_is_audited() -> None:
    found = background_of([replace(ONE, train=())], ["question_word"])
    assert found.overlap is None
    assert found.labels.to_dict("list") == {"item": ["q1", "q2"], "question_word": ["what", "who"]}
