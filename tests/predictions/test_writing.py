import pytest

from harness.errors import OutputError
from harness.predictions import read_predictions
from harness.predictions.writing import WRITERS, check_output, write_answers

ANSWERS = [("q1", 'a, "b"\nc'), ("q2", ""), ("3", "é–\u2028x"), ("null", "None")]


@pytest.mark.parametrize("suffix", WRITERS)
def test_what_is_written_can_be_compared(tmp_path, suffix):
    path = tmp_path / f"answers{suffix}"
    write_answers(ANSWERS, path)
    assert dict(read_predictions(path).answers) == dict(ANSWERS)
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_file_that_cannot_be_written_is_found_before_the_work(tmp_path):
    with pytest.raises(OutputError, match=r"\.jsonl"):
        check_output(tmp_path / "answers.txt")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        check_output(tmp_path / "file" / "answers.json")
    check_output(tmp_path / "new" / "answers.json")
    assert not any((tmp_path / "new").iterdir())


def test_what_was_there_stays_if_writing_fails(tmp_path, monkeypatch):
    path = tmp_path / "answers.json"
    path.write_text("before")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OutputError, match="full"):
        write_answers(ANSWERS, path)
    assert path.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["answers.json"]
