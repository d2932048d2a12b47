import pytest

from harness.errors import DataError
from harness.predictions.answers import gathered
from harness.predictions.inspect_log import inspect_log
from harness.predictions.source import opened

HEADER = {"version": 2, "status": "success", "eval": {"task": "qa"}}


def output(content, completion=None):
    message = {"role": "assistant", "content": content}
    choices = [{"message": message, "stop_reason": "stop"}]
    return {"model": "m", "choices": choices} | ({"completion": completion} if completion else {})


def sample(identity, text, epoch=1, **others):
    return {"id": identity, "epoch": epoch, "output": output(text, text)} | others


def failed(identity, epoch=1):
    error = {"message": "TimeoutError()\nmore", "traceback": "..."}
    nothing = {"model": "m", "choices": [], "completion": ""}
    return {"id": identity, "epoch": epoch, "output": nothing, "error": error}


@pytest.fixture(params=["JSON", "zip"])
def read(request, write, write_zip):
    """Reads samples out of a log, of either kind."""

    def reader(*samples, header=HEADER):
        if request.param == "JSON":
            path = write("log.json", header | {"samples": list(samples)})
        else:
            members = {f"samples/{i}.json": tree for i, tree in enumerate(samples)}
            start = {"_journal/start.json": {}, "summaries.json": [{"id": "q1"}]}
            path = write_zip(start | members | {"header.json": header})
        found = inspect_log(opened(path))
        return gathered(found.rows)[0], list(found.notes)

    return reader


def test_a_samples_completion_is_its_answer(read):
    changed = {"id": 2, "epoch": 1, "output": output("It is Bo.", completion="Bo")}
    answers = {"q1": " Ann\n", "2": "Bo", "q3": ""}
    assert read(sample("q1", " Ann\n"), changed, sample("q3", "")) == (answers, [])


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Ann", "Ann"),
        ([{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "Ann"}], "Ann"),
        ([{"type": "text", "text": "Ann"}, {"type": "text", "text": "Bo"}], "Ann\nBo"),
    ],
)
def test_without_a_completion_it_is_the_first_choices_text(read, content, text):
    assert read({"id": "q1", "epoch": 1, "output": output(content)})[0] == {"q1": text}


def test_the_first_epoch_is_kept_and_that_is_noted(read):
    answers, notes = read(sample("q1", "b", 2), sample("q1", "a"), sample("q1", "c", 3))
    assert answers == {"q1": "a"}
    assert notes == ["the log has 3 epochs; epoch 1 is used and 2 answers of other epochs left out"]


def test_a_failed_sample_has_no_answer_and_that_is_noted(read):
    answers, notes = read(sample("q1", "a"), failed("q2"), sample("q2", "b", 2))
    assert answers == {"q1": "a"}
    assert notes[1:] == [
        "1 of 2 samples ended in an error and have no answer, such as 'q2': TimeoutError()"
    ]


@pytest.mark.parametrize("status", ["error", "cancelled", "started"])
def test_an_evaluation_that_did_not_succeed_is_refused(read, status):
    header = HEADER | {"status": status, "error": {"message": "out of memory\n..."}}
    with pytest.raises(DataError, match="did not succeed") as caught:
        read(sample("q1", "a"), header=header)
    assert caught.value.got == f"status {status!r}: out of memory"


def test_a_log_that_is_still_written_has_no_header(write_zip):
    path = write_zip({"_journal/start.json": {}, "samples/q1_epoch_1.json": sample("q1", "a")})
    with pytest.raises(DataError, match="did not succeed") as caught:
        inspect_log(opened(path))
    assert caught.value.got == "status 'started'"


def test_a_repeated_id_is_an_error(read):
    with pytest.raises(DataError, match="item '1' has two predictions"):
        read(sample("1", "a"), sample(1, "b"))


@pytest.mark.parametrize(
    "wrong", [None, [], {"id": "q1"}, {"id": "q1", "epoch": "1", "output": {}}]
)
def test_what_is_no_sample_is_named(read, wrong):
    with pytest.raises(DataError, match="not a sample as Inspect logs it") as caught:
        read(sample("q0", "a"), wrong)
    assert "1" in caught.value.where.rpartition("samples")[2]


@pytest.mark.parametrize("choices", [["Ann"], [{"message": {}}], {"message": 1}, 7])
def test_choices_of_another_shape_are_no_text(read, choices):
    with pytest.raises(DataError, match="item 'q1' is not text"):
        read({"id": "q1", "epoch": 1, "output": {"choices": choices}})


def test_other_files_are_other_formats(write, write_zip):
    assert inspect_log(opened(write("a.json", {"q1": "a"}))) is None
    assert inspect_log(opened(write_zip({"word/document.json": {}}))) is None
