import pytest

from harness.errors import DataError
from harness.predictions.source import opened


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.json", "{}", "JSON"),
        ("a", "\ufeff\r\n {}", "JSON"),
        ("a.JSONL", '{"a": 1}\r\n\r\n', "JSON Lines"),
        ("a.eval", "no zip", "zip"),
        ("a.zip", b"PK\x03\x04", "zip"),
        ("a.csv", "id,answer\n", "CSV"),
        ("a.bin", b"\x00\xff\x80", "unknown"),
    ],
)
def test_a_kind_is_known_by_suffix_or_first_bytes(write, name, content, kind):
    assert opened(write(name, content)).kind == kind


def test_lines_keep_their_numbers(write):
    text = '\ufeff{"a": "x\u2028y"}\r\n\r\n{"a": 2}'
    records = opened(write("a.jsonl", text)).records
    assert [dict(record.values) for record in records] == [{"a": "x\u2028y"}, {"a": 2}]
    assert records[1].place.endswith("a.jsonl, line 3")


@pytest.mark.parametrize(
    ("name", "content", "what", "where"),
    [
        ("a.json", "", "file is empty", "a.json"),
        ("a.jsonl", b"", "file is empty", "a.jsonl"),
        ("a.json", '{"a": "b",\n"c" "d"}', "not JSON", "a.json, line 2, column 5"),
        ("a.json", '{"a": "b"}\n{"c": "d"}', "not JSON", "a.json, line 2, column 1"),
        ("a.json", b'{\n"a": "\xff"}', "not UTF-8", "a.json, line 2"),
        ("a.json", "[" * 100_000, "cannot be read", "a.json"),
        ("a.jsonl", '{"a": 1}\n{"a": ', "not JSON", "a.jsonl, line 2, column 7"),
        ("a.jsonl", '{"a": 1}\n\n[1]', "not an object", "a.jsonl, line 3"),
        ("a.parquet", b"PAR1garbage", "not a Parquet file", "a.parquet"),
    ],
)
def test_a_broken_file_is_named_by_line(write, name, content, what, where):
    with pytest.raises(DataError, match=what) as caught:
        opened(write(name, content))
    assert caught.value.where.endswith(where)


def test_a_folder_is_not_a_file(write):
    folder = write("one.json", "{}").parent
    with pytest.raises(DataError, match="is a folder") as caught:
        opened(folder)
    assert caught.value.fix == "name one file in it: one.json"


def test_a_missing_file_is_told_its_nearest_name(write):
    path = write("answers.json", "{}").with_name("answer.json")
    with pytest.raises(DataError, match="no such predictions file") as caught:
        opened(path)
    assert caught.value.fix == "did you mean 'answers.json'?"


@pytest.mark.parametrize("name", ["a" * 5000, "a\0b"])
def test_what_is_no_file_name_is_an_error(tmp_path, name):
    with pytest.raises(DataError):
        opened(tmp_path / name)
