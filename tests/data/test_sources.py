import os

import pytest

from harness.data import READERS, load_dataset
from harness.data.sources import Place, load_from_hub, read_place
from harness.errors import DataError, UnreachableError
from harness.experiment.data import Data

EMBEDDED = {"source": "embedded:invented_world", "train": {"split": "train"}}


def data(**changes):
    return Data.model_validate(EMBEDDED | {"test": {"split": "test"}} | changes)


def read(place, **changes):
    return read_place(place, data(**changes), READERS, hub=load_from_hub)


def test_embedded_data_is_read_without_naming_where_the_package_is():
    origin = read(Place("test", "test", None))
    assert origin.name == "embedded:invented_world/test"
    assert origin.records[0].place.startswith("embedded:invented_world/test: data[0].paragraphs[0]")


@pytest.mark.parametrize("source", ["embedded:invented_wrold", "embedded:", "embedded:../embedded"])
def test_unknown_embedded_data_is_named_with_what_exists(source):
    with pytest.raises(DataError, match="no embedded data set") as caught:
        read(Place("train", "train", None), source=source)
    assert caught.value.where == "base.data.source"
    assert caught.value.allowed == "invented_world"


@pytest.mark.parametrize("split", ["tests", "../../x", "train.json", "README"])
def test_an_unknown_embedded_split_is_named_with_those_that_exist(split):
    with pytest.raises(DataError, match="no embedded split") as caught:
        read(Place("test", split, None))
    assert caught.value.where == "base.data.test.split"
    assert caught.value.got == split
    assert caught.value.allowed == "test, train"


@pytest.mark.parametrize("option", ["config", "revision"])
def test_embedded_data_takes_no_option_of_the_hub(option):
    with pytest.raises(DataError, match=f"no `{option}`"):
        read(Place("train", "train", None), **{option: "plain_text"})


def test_a_file_is_read_even_if_there_is_a_split(write):
    path = write("a.CSV", "question,answer\na,b\n")
    origin = read(Place("test", "test", str(path)))
    assert [dict(record.values) for record in origin.records] == [{"question": "a", "answer": "b"}]


def test_a_file_of_no_source_has_the_split_that_is_named(write):
    alone = Data.model_validate({"train": {"file": "x"}, "test": {"file": "x"}})
    rows = {"train": [{"Question": "a"}], "test": [{"Question": "b"}]}
    splits, table = str(write("qa.json", rows)), str(write("a.csv", "question,answer\na,b\n"))
    origin = read_place(Place("test", "test", splits), alone, READERS, load_from_hub)
    assert [dict(record.values) for record in origin.records] == rows["test"]
    assert origin.name == f"{splits}: test"
    with pytest.raises(DataError, match="this file has no splits"):
        read_place(Place("test", "test", table), alone, READERS, load_from_hub)
    with pytest.raises(DataError, match="no split 'validation' in this file"):
        read(Place("test", "validation", splits))  # that the source has one does not help


def test_a_missing_file_comes_with_the_nearest_name(write):
    path = write("dev-v1.1.json", "[]")
    with pytest.raises(DataError, match="no such data file") as caught:
        read(Place("test", None, str(path.parent / "dev-v1.json")))
    assert caught.value.where == "base.data.test.file"
    assert os.getcwd() in caught.value.got
    assert caught.value.fix == "did you mean 'dev-v1.1.json'?"


def test_a_folder_comes_with_the_files_in_it(write):
    path = write("dev.json", "[]")
    write("notes.txt", "")
    with pytest.raises(DataError, match="a data file is a folder") as caught:
        read(Place("test", None, str(path.parent)))
    assert caught.value.fix == "name one file in it: dev.json"


def test_an_unknown_suffix_comes_with_those_that_are_known(write):
    with pytest.raises(DataError, match="kind of data file is not known") as caught:
        read(Place("test", None, str(write("dev.tsv", ""))))
    assert "'.tsv'" in caught.value.got
    assert caught.value.allowed == ".json, .jsonl, .csv, .parquet"


@pytest.mark.parametrize("name", ["", "x" * 5000, "~nobody-of-that-name/x.csv", "a\0b.csv"])
def test_what_is_no_file_name_is_a_data_error(name):
    with pytest.raises(DataError) as caught:
        read(Place("test", None, name))
    assert caught.value.where == "base.data.test.file"


def test_the_hub_is_asked_for_the_configured_rows():
    asked = []

    def hub(*question):
        asked.append(question)
        return [{"question": "a", "answers": {"text": ["b"], "answer_start": [0]}}]

    config = data(source="squad", config="plain_text", revision="abc")
    origin = read_place(Place("test", "validation", None), config, READERS, hub)
    assert asked == [("squad", "plain_text", "validation", "abc")]
    assert origin.records[0].place == "squad (plain_text), split validation, row 1"


def test_a_hub_that_cannot_be_reached_comes_with_the_way_to_a_local_file():
    def hub(*question):
        raise ConnectionError("Couldn't reach 'squad' on the Hub\nand more")

    with pytest.raises(UnreachableError, match="the hub cannot be reached") as caught:
        load_dataset(data(source="squad", revision="abc"), hub=hub)
    assert "load_dataset('squad', None, split='train', revision='abc')" in caught.value.what
    assert caught.value.got == "ConnectionError: Couldn't reach 'squad' on the Hub"
    assert "--set base.data.train.file=PATH" in caught.value.fix
    assert isinstance(caught.value.__cause__, ConnectionError)


def test_rows_that_fail_while_they_are_read_are_a_data_error():
    def hub(*question):
        yield {"question": "a", "answers": "b"}
        raise ImportError

    with pytest.raises(DataError, match="ImportError"):
        load_dataset(data(source="squad"), hub=hub)


@pytest.fixture
def hub_folder(tmp_path, monkeypatch):
    """A data set saved as a hub repository is, with `datasets` writing to a folder of its own."""
    import datasets
    import pyarrow as pa
    import pyarrow.parquet as pq

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "squad"
    folder.mkdir()
    for split, answer in (("train", "red"), ("validation", "blue")):
        answers = {"text": [answer], "answer_start": [8]}
        rows = [
            {
                "id": f"{split}-{n}", "title": "T", "context": f"Mola is {answer}.",
                "question": "What?", "answers": answers,
            }
            for n in range(3)
        ]  # fmt: skip
        pq.write_table(pa.Table.from_pylist(rows), folder / f"{split}-00000-of-00001.parquet")
    return folder


def test_datasets_loads_what_a_source_names(hub_folder):
    config = data(source=str(hub_folder), test={"split": "validation"})
    loaded = load_dataset(config)
    assert [item.id for item in loaded.test] == ["validation-0", "validation-1", "validation-2"]
    assert loaded.test[0].answers == ("blue",)
    assert loaded.test[0].answer_starts == (8,)
    assert loaded.cluster_names == ("title", "context")


def test_an_unknown_split_of_the_hub_is_named_with_those_that_exist(hub_folder):
    with pytest.raises(DataError, match="tets") as caught:
        load_dataset(data(source=str(hub_folder), test={"split": "tets"}))
    assert "train" in caught.value.got
    assert "validation" in caught.value.got
    assert "base.data.test.split" in caught.value.where
