import pytest

from harness.errors import DataError
from harness.predictions.answers import gathered
from harness.predictions.lm_eval import lm_eval_samples
from harness.predictions.source import opened

GENERATE = {"arg_0": "Who?", "arg_1": {"until": ["\n"]}}
RATE = {"arg_0": "Who?", "arg_1": " unanswerable"}
RATING = ["-0.26", "False"]


def sample(number, *responses, requests=(GENERATE,), **others):
    return {
        "doc_id": number,
        "doc": {"id": f"q{number}", "question": "Who?"},
        "target": "Ann",
        "arguments": {f"gen_args_{i}": request for i, request in enumerate(requests)},
        "resps": [[response] for response in responses],
        "filtered_resps": list(responses),
        "filter": "none",
        "metrics": ["exact_match"],
        "exact_match": 0.0,
    } | others


@pytest.fixture
def read(write):
    def reader(*samples):
        found = lm_eval_samples(opened(write("samples_squad_2026.jsonl", list(samples))))
        return gathered(found.rows)[0], list(found.notes)

    return reader


def test_the_filtered_response_is_the_answer(read):
    first = sample(0, " Ann", resps=[["Ann and more"]])
    assert read(first, sample(1, "")) == ({"q0": " Ann", "q1": ""}, [])


@pytest.mark.parametrize("name", ["id", "_id", "qid", "question_id", "query_id"])
def test_the_documents_own_id_is_the_items(read, name):
    assert read(sample(0, "Ann", doc={name: 12, "question": "?"}))[0] == {"12": "Ann"}


@pytest.mark.parametrize("doc", [{"question": "Who?"}, "Who?"])
def test_without_one_it_is_doc_id_and_noted(read, doc):
    answers, (note,) = read(sample(0, "Ann", doc=doc), sample(1, "Bo", doc=doc))
    assert answers == {"0": "Ann", "1": "Bo"}
    assert "doc_id" in note


def test_an_id_that_a_later_document_lacks_is_an_error(read):
    with pytest.raises(DataError, match="no item id") as caught:
        read(sample(0, "Ann"), sample(1, "Bo", doc={"question": "?"}))
    assert caught.value.where.endswith("line 2")


def test_of_several_responses_the_first_is_used_and_that_is_noted(read):
    answers, notes = read(sample(0, ["Ann", "Bo"]), sample(1, ["Cy"]))
    assert answers == {"q0": "Ann", "q1": "Cy"}
    assert notes == ["1 of 2 samples have several filtered responses; the first one is used"]


def test_the_likelihood_of_no_answer_in_squadv2_is_left_out_and_noted(read):
    answers, notes = read(sample(0, "Ann", RATING, requests=(GENERATE, RATE)))
    assert answers == {"q0": "Ann"}
    assert notes == ["1 of 1 sample have several requests; the answer is the first one's"]


@pytest.mark.parametrize(
    "rated",
    [
        sample(0, RATING, RATING, requests=(RATE, RATE)),
        sample(0, "-0.25", requests=({"arg_0": "Who?"},)),  # loglikelihood_rolling
        sample(0, RATING, arguments=None),
    ],
)
def test_likelihoods_are_no_answers(read, rated):
    with pytest.raises(DataError, match="likelihoods") as caught:
        read(rated)
    assert caught.value.where.endswith("line 1: filtered_resps")


def test_which_of_several_filters_is_meant_has_to_be_said(read):
    with pytest.raises(DataError, match="several filters") as caught:
        read(sample(0, "1", filter="strict-match"), sample(0, "2", filter="flexible-extract"))
    assert caught.value.got == "strict-match, flexible-extract"
    assert "jq -c 'select(.filter == \"strict-match\")'" in caught.value.fix


@pytest.mark.parametrize("given", [[], None, "Ann"])
def test_a_sample_without_a_response_is_an_error(read, given):
    with pytest.raises(DataError, match="no filtered response") as caught:
        read(sample(0, "Ann"), sample(1, "Bo", filtered_resps=given))
    assert caught.value.where.endswith("line 2: filtered_resps")


@pytest.mark.parametrize("given", [[[]], [7], [[["Ann"]]]])
def test_a_response_of_another_shape_is_no_text(read, given):
    with pytest.raises(DataError, match="item 'q0' is not text"):
        read(sample(0, "Ann", filtered_resps=given))


def test_other_lines_are_another_format(write):
    rows = [{"question": "Who?", "answers": ["Ann"]}]
    assert lm_eval_samples(opened(write("a.jsonl", rows))) is None
