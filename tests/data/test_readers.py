import pytest

from harness.data.readers import read_csv, read_json, read_jsonl, read_parquet
from harness.errors import DataError

ROWS = [{"question": "Wo, who?", "answers": 'the "red"\none'}, {"question": "é", "answers": "b"}]
CSV = 'question,answers\r\n"Wo, who?","the ""red""\none"\r\né,b\r\n'


def values(records):
    return [dict(record.values) for record in records]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_csv_has_rfc_4180_quoting_and_may_have_a_byte_order_mark(write, mark):
    records = read_csv(write("a.csv", mark + CSV))
    assert values(records) == ROWS
    assert records[1].place.endswith("a.csv, line 4")  # the first row takes two lines


def test_csv_passes_over_blank_lines_and_columns_without_a_name(write):
    records = read_csv(write("a.csv", ",question,answers\n\n0,a,b\n\n1,c,d\n"))
    assert values(records)[1] == {"question": "c", "answers": "d"}
    assert records[1].place.endswith("line 5")


@pytest.mark.parametrize(
    ("text", "what", "line", "got", "allowed"),
    [
        ("a,b\n1,2\n1,2,3\n", "wrong number of cells", 3, "3 cells", "2, as in the header: a, b"),
        ("a,b\n1\n", "wrong number of cells", 2, "1 cells, starting with '1'", "2, as in"),
        ('a,b\n1,2\n"1,2\n3,4\n', "not well-formed CSV", 3, "end of data", "quoted"),
        ('a,b\n"1"x,2\n', "not well-formed CSV", 2, "expected after", "quoted"),
        ("a,a\n1,2\n", "occurs twice", 1, "a, a", None),
        ("a;b\n1;2\n", "not separated by commas", 1, "a;b", "commas"),
        ("a\tb\n1\t2\n", "not separated by commas", 1, "a\tb", "commas"),
        ("a,b\n1," + "x" * 140_000, "not well-formed CSV", 2, "131072", "131,072"),
    ],
)
def test_broken_csv_is_named_by_line(write, text, what, line, got, allowed):
    with pytest.raises(DataError, match=what) as caught:
        read_csv(write("a.csv", text))
    assert caught.value.where.endswith(f"a.csv, line {line}")
    assert got in caught.value.got
    assert allowed is None or allowed in caught.value.allowed


def test_jsonl_has_one_object_per_line(write):
    text = '\ufeff{"question": "a\u2028b"}\r\n\n  {"question": "c"}'
    records = read_jsonl(write("a.jsonl", text))
    assert values(records) == [{"question": "a\u2028b"}, {"question": "c"}]
    assert records[1].at("question").endswith("a.jsonl, line 3: question")


@pytest.mark.parametrize(
    ("line", "what", "got"),
    [
        ('{"question": ', "this is not JSON", "Expecting value"),
        ("[1]", "a row is not an object", "[1] (list)"),
        ("7", "a row is not an object", "7 (int)"),
        ("9" * 5000, "cannot be read", "digits"),
        ("[" * 100_000, "cannot be read", "inside each other"),
    ],
)
def test_broken_jsonl_is_named_by_line(write, line, what, got):
    with pytest.raises(DataError, match=what) as caught:
        read_jsonl(write("a.jsonl", '{"question": "a"}\n' + line))
    assert "a.jsonl, line 2" in caught.value.where
    assert got in caught.value.got


def test_json_is_a_list_of_objects(write):
    records = read_json(write("a.json", ROWS))
    assert values(records) == ROWS
    assert records[1].at("answers").endswith("a.json: [1].answers")


def test_json_with_data_is_squad(write, squad_tree):
    assert len(read_json(write("a.json", squad_tree))) == 5


def test_a_split_of_json_is_the_list_under_its_key(write):
    path = write("a.json", {"about": "x", "train": ROWS, "test": ROWS[:1], "data": ROWS[1:]})
    assert values(read_json(path, "train")) == ROWS
    (record,) = read_json(path, "test")
    assert record.at("question").endswith("a.json: test[0].question")
    assert values(read_json(path, "data")) == ROWS[1:]
    assert values(read_json(write("c.json", {"data": ROWS}), "data")) == ROWS
    with pytest.raises(DataError, match="no split 'tests' in this file") as caught:
        read_json(path, "tests")
    assert (caught.value.allowed, caught.value.fix) == ("train, test, data", "did you mean 'test'?")
    with pytest.raises(DataError, match="a row is not an object") as caught:
        read_json(write("b.json", {"train": [{}, "a"]}), "train")
    assert caught.value.where.endswith("b.json: train[1]")


def test_a_split_of_a_file_without_splits_is_refused(write, squad_tree):
    files = [
        (read_json, write("a.json", squad_tree)),
        (read_json, write("b.json", ROWS)),
        (read_jsonl, write("a.jsonl", "{}")),
        (read_csv, write("a.csv", CSV)),
        (read_parquet, write("a.parquet", "")),
    ]
    for reader, path in files:
        with pytest.raises(DataError, match="this file has no splits") as caught:
            reader(path, "train")
        assert caught.value.where == str(path)
        assert caught.value.got == "split: train"


@pytest.mark.parametrize(
    ("content", "what", "where", "got"),
    [
        ("", "this is not JSON", "a.json, line 1, column 1", "an empty text"),
        ('[\n{"a" 1}]', "this is not JSON", "a.json, line 2, column 6", "Expecting ':'"),
        ({"rows": 3}, "not a data set", "a.json", "an object with the keys rows"),
        (
            {"train": [{}], "test": [], "n": 1},
            "has splits, and none is named",
            "a.json",
            "the splits train (1 row), test (0 rows)",
        ),
        ("null", "not a data set", "a.json", "None"),
        ([{}, 3], "a row is not an object", "a.json: [1]", "3 (int)"),
    ],
)
def test_broken_json_is_named_by_place(write, content, what, where, got):
    with pytest.raises(DataError, match=what) as caught:
        read_json(write("a.json", content))
    assert caught.value.where.endswith(where)
    assert got in caught.value.got


def test_json_lines_in_a_json_file_come_with_the_way_out(write):
    with pytest.raises(DataError, match=r"name the file \.jsonl"):
        read_json(write("a.json", '{"question": "a"}\n{"question": "b"}\n'))


@pytest.mark.parametrize("reader", [read_json, read_jsonl, read_csv])
def test_text_that_is_not_utf_8_is_named_by_line(write, reader):
    with pytest.raises(DataError, match="not UTF-8") as caught:
        reader(write("a", "question,answers\nüber,b\n".encode("latin-1")))
    assert caught.value.where.endswith(", line 2")
    assert caught.value.got == "the byte 0xfc"
    assert "UTF-8" in caught.value.fix


def test_utf_16_is_recognised(write):
    with pytest.raises(DataError, match="looks like UTF-16"):
        read_csv(write("a.csv", CSV.encode("utf-16")))


def test_parquet_rows_keep_lists_and_mappings(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [{"question": "a", "answers": {"text": ["b"], "answer_start": [1]}}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    records = read_parquet(tmp_path / "a.parquet")
    assert values(records) == rows
    assert records[0].at("question").endswith("a.parquet, row 1: question")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"question,answers", b"PAR1" * 20])
def test_what_is_no_parquet_is_refused(write, content):
    with pytest.raises(DataError, match="not a Parquet file") as caught:
        read_parquet(write("a.parquet", content))
    assert caught.value.got
    assert "to_parquet" in caught.value.fix


@pytest.mark.parametrize("reader", [read_json, read_jsonl, read_csv])
def test_a_file_that_cannot_be_opened_is_a_data_error(tmp_path, reader):
    with pytest.raises(DataError, match="cannot be read") as caught:
        reader(tmp_path / "none")
    assert caught.value.got == "No such file or directory"
