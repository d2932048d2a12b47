import json

import pytest

from harness.data.squad import squad_records
from harness.errors import DataError


def test_each_question_is_a_record_with_the_hubs_columns(squad_tree):
    records = squad_records(squad_tree, "dev.json")
    assert [record.values["id"] for record in records] == list("abcde")
    assert set(records[0].values) == {"id", "title", "context", "question", "answers"}
    assert records[2].values["title"] == "One"
    assert records[2].values["context"] == "Tarn is blue."
    assert records[3].values["answers"] == []
    assert records[4].place == "dev.json: data[1].paragraphs[0].qas[0]"


def test_other_keys_of_a_question_pass_through(squad_tree):
    squad_tree["data"][0]["paragraphs"][0]["qas"][0]["hops"] = "two"
    assert squad_records(squad_tree, "dev.json")[0].values["hops"] == "two"


def test_a_missing_title_is_blank(squad_tree):
    del squad_tree["data"][0]["title"]
    assert squad_records(squad_tree, "dev.json")[0].values["title"] == ""


def test_an_impossible_question_needs_no_list_of_answers(squad_tree):
    del squad_tree["data"][0]["paragraphs"][1]["qas"][1]["answers"]
    assert squad_records(squad_tree, "dev.json")[3].values["answers"] == []


PARAGRAPH = ("data", 0, "paragraphs", 1)


@pytest.mark.parametrize(
    ("path", "value", "what", "where", "got"),
    [
        (("data",), 3, "`data` is not a list", "data", "3 (int)"),
        (("data", 1), [], "an entry of `data` is not an object", "data[1]", "[] (list)"),
        (("data", 1, "title"), 5, "`title` is not text", "data[1].title", "5 (int)"),
        (("data", 1, "paragraphs"), None, "not a list", "data[1].paragraphs", "None (NoneType)"),
        (("data", 1, "paragraphs"), ..., "not a list", "data[1].paragraphs", "nothing"),
        (PARAGRAPH, "x", "not an object", "data[0].paragraphs[1]", "'x' (str)"),
        ((*PARAGRAPH, "context"), ..., "not text", "data[0].paragraphs[1].context", "nothing"),
        ((*PARAGRAPH, "qas"), {}, "not a list", "data[0].paragraphs[1].qas", "{} (dict)"),
        ((*PARAGRAPH, "qas", 1), 7, "not an object", "data[0].paragraphs[1].qas[1]", "7 (int)"),
    ],
)
def test_whatever_is_misplaced_is_named_by_its_path(squad_tree, path, value, what, where, got):
    node = squad_tree
    for part in path[:-1]:
        node = node[part]
    if value is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    with pytest.raises(DataError, match=what) as caught:
        squad_records(squad_tree, "dev.json")
    assert caught.value.where == f"dev.json: {where}"
    assert caught.value.got == got
    assert "SQuAD's layout" in caught.value.allowed


def test_an_impossible_question_has_no_answers(squad_tree):
    answers = [{"text": "red", "answer_start": 0}]
    squad_tree["data"][0]["paragraphs"][1]["qas"][1]["answers"] = answers
    with pytest.raises(DataError, match="marked impossible") as caught:
        squad_records(squad_tree, "dev.json")
    assert caught.value.where == "dev.json: data[0].paragraphs[1].qas[1].answers"
    assert json.dumps(answers).replace('"', "'") in str(caught.value)
