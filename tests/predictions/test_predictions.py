"""The package itself: every format through its one entrance."""

import pandas as pd
import pytest

from harness.errors import DataError
from harness.predictions import READERS, read_predictions
from harness.predictions.inspect_log import inspect_log
from harness.predictions.lm_eval import lm_eval_samples
from harness.predictions.results import run_predictions
from harness.predictions.squad import squad_predictions

LOG = {"version": 2, "status": "success", "eval": {}}
SAMPLE = {"id": "q1", "epoch": 1, "output": {"completion": "Ann"}}
LINE = {"doc_id": 0, "doc": {"id": "q1"}, "filtered_resps": ["Ann"]}


@pytest.fixture
def files(write, write_zip, tmp_path):
    table = tmp_path / "predictions.parquet"
    pd.DataFrame({"item": ["q1"], "prediction": ["Ann"]}).to_parquet(table)
    return [
        (run_predictions, table),
        (lm_eval_samples, write("samples_squad.jsonl", [LINE])),
        (inspect_log, write("log.json", LOG | {"samples": [SAMPLE]})),
        (inspect_log, write_zip({"header.json": LOG, "samples/1.json": SAMPLE})),
        (squad_predictions, write("predictions.json", {"q1": "Ann"})),
    ]


def test_every_format_is_found_by_its_content(files):
    for reader, path in files:
        predictions = read_predictions(path)
        assert predictions.answers == {"q1": "Ann"}
        assert READERS[predictions.format] is reader
        assert predictions.notes == ()


def test_notes_of_reader_and_rows_come_together(write):
    lines = [LINE | {"doc": {}}, {"doc_id": 1, "doc": {}, "filtered_resps": [None]}]
    notes = read_predictions(write("samples.jsonl", lines)).notes
    assert [("doc_id" in note, "1 of 2 predictions are null" in note) for note in notes] == [
        (True, False),
        (False, True),
    ]


@pytest.mark.parametrize(
    ("name", "content", "got", "fix"),
    [
        ("a.csv", "id,answer\nq1,Ann\n", "CSV with the columns id, answer", "one JSON object"),
        ("a.bin", b"\x00\xff\x80", r"starts with b'\x00\xff\x80'", "one JSON object"),
        ("a.json", '["Ann"]', 'JSON: ["Ann"]', "one JSON object"),
        ("a.jsonl", [{"question": "?", "answers": []}], "columns question, answers", "one JSON"),
        ("a.json", {"version": "v2.0", "data": []}, "keys version, data", "--references"),
        ("a.json", {"results": {}, "configs": {}}, "keys results, configs", "samples_*.jsonl"),
    ],
)
def test_an_unknown_format_is_shown_with_the_known_ones(write, name, content, got, fix):
    with pytest.raises(DataError, match="no known format") as caught:
        read_predictions(write(name, content))
    assert got in caught.value.got
    assert fix in caught.value.fix
    assert all(known in caught.value.allowed for known in READERS)


def test_a_zip_without_a_log_is_an_unknown_format(write_zip):
    with pytest.raises(DataError, match="no known format") as caught:
        read_predictions(write_zip({"a.json": {}}))
    assert "zip without an Inspect log" in caught.value.got


def test_a_file_without_predictions_is_an_error(write):
    failed = SAMPLE | {"error": {"message": "TimeoutError()"}}
    for content in ({}, LOG, LOG | {"samples": [failed]}):
        with pytest.raises(DataError, match="holds no predictions") as caught:
            read_predictions(write("a.json", content))
    assert "TimeoutError()" in caught.value.got
